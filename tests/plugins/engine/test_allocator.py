import platform
import subprocess
import sys

import pytest

SCRIPT = '''
import resource, sys, torch
from plugins.engine.allocator import keep_freed_memory
if sys.argv[1] == 'keep':
    assert keep_freed_memory()
def step():  # four tensors of 16 to 19 MB alive at once, as activations are
    kept = [torch.zeros(n * 2**20) for n in (4, 5, 4, 5)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 5)
'''


def faults_per_step(how: str, repo_root) -> float:
    run = subprocess.run([sys.executable, '-c', SCRIPT, how], cwd=repo_root, check=True,
                         capture_output=True, text=True)
    return float(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='glibc only')
def test_a_step_reuses_the_memory_of_the_one_before(repo_root):
    pages = 18 * 2**20 * 4 / 4096
    assert faults_per_step('leave', repo_root) > 0.5 * pages
    assert faults_per_step('keep', repo_root) < 0.1 * pages
