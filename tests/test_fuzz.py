"""A thousand mutated inputs: each is refused in one clear sentence or harmless by a stated rule."""
from collections import Counter
from random import Random

import pytest

from tests.fuzz import checkpoints, coco, data, options, records, searches  # noqa: F401  (register)
from tests.fuzz.attempt import KINDS, Setting, outcome


@pytest.fixture(scope='module')
def setting(tmp_path_factory, digits_run, digits_options):
    return Setting(tmp_path_factory.mktemp('fuzz'), dict(digits_run=digits_run,
                                                         digits_options=digits_options))


@pytest.mark.slow
@pytest.mark.parametrize('name', KINDS)
def test_a_mutated_input_is_refused_clearly_or_harmless(name, setting):
    found, faults = Counter(), []
    for number in range(KINDS[name].count):
        attempt = KINDS[name].draw(Random(f'{name} {number}'), setting)
        ended = outcome(attempt)
        found[ended if ended in ('refused', 'accepted') else 'faults'] += 1
        if ended not in ('refused', 'accepted'):
            faults.append(f'{number}: {attempt.told}\n    {ended}')
    print(f'{name}: {dict(found)}')
    assert not faults, f'{len(faults)} of {KINDS[name].count}, {KINDS[name].rule}:\n' + '\n'.join(
        faults)


@pytest.mark.slow
def test_a_thousand_inputs_are_tried():
    assert sum(kind.count for kind in KINDS.values()) >= 1000
