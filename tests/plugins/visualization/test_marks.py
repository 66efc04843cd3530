import subprocess
import sys

from plugins.visualization.marks import (
    ALARM,
    HIT,
    MISSED,
    Mark,
    Outcome,
    disagreement,
    most_disputed,
)


def seen(found=(), alarms=0, objects=2):
    marks = [Mark(HIT if k in found else MISSED, (0, 0, 1, 1), 'car') for k in range(objects)]
    marks += [Mark(ALARM, (0, 0, 1, 1), 'car', 0.5)] * alarms
    return Outcome('1', tuple(marks), frozenset((0, k) for k in found),
                   frozenset((0, k) for k in range(objects)))


def test_counts_are_those_of_the_marks():
    assert seen([1], 3, 4).counts == dict(tp=1, fp=3, fn=3)


def test_disagreement_counts_objects_and_alarms():
    both, none, one = seen([0, 1], 1), seen(), seen([0], 1)
    assert disagreement([both, none]) == 2 + 1  # two cars that one model found, one alarm more
    assert disagreement([both, one]) == 1
    assert disagreement([seen([0]), seen([1])]) == 2  # as many found, but not the same
    assert disagreement([none, none]) == 0
    assert disagreement([one]) == 2  # a single model: an alarm and a miss


def test_the_most_disputed_come_first_and_equal_ones_in_their_order():
    both, none, one = seen([0, 1], 1), seen(), seen([0], 1)
    images = [[none, none], [both, one], [both, none], [none, none]]
    assert most_disputed(images, 3) == [2, 1, 0]
    assert most_disputed(images, 99) == [2, 1, 0, 3]


def test_drawing_imports_neither_of_the_heavy_packages(repo_root):
    code = ('import sys, plugins.visualization.comparison, plugins.visualization.classification, '
            'plugins.visualization.inputs\n'
            "sys.exit(bool({'mmdet', 'mmpretrain', 'torch'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, '-c', code], cwd=repo_root).returncode == 0
