import platform
import statistics
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
for _ in range(9):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
'''


def faults_of_steps(how: str, repo_root) -> list[int]:
    run = subprocess.run([sys.executable, '-c', SCRIPT, how], cwd=repo_root, check=True,
                         capture_output=True, text=True)
    return [int(line) for line in run.stdout.split()]


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='glibc only')
def test_a_step_reuses_the_memory_of_the_one_before(repo_root):
    pages = 18 * 2**20 * 4 / 4096
    # Where the kernel puts the heap is chance; in some places it cannot grow by such blocks, or its
    # end happens to stay.
    assert any(max(faults_of_steps('leave', repo_root)) > 0.2 * pages for _ in range(4))
    assert any(statistics.median(faults_of_steps('keep', repo_root)) < 0.1 * pages
               for _ in range(4))
