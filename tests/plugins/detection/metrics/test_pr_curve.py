"""The curve's figures by hand, and against scikit-learn's."""
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from plugins.detection.metrics.pr_curve import PRCurve, ap_interval

# Right, wrong, right of four objects: precision 1, 1/2, 2/3 at recall 1/4, 1/4, 1/2.
BY_HAND = PRCurve.of([.9, .8, .7], [True, False, True], 4)


def test_by_hand():
    assert BY_HAND.precision == pytest.approx([1, 1 / 2, 2 / 3])
    assert BY_HAND.recall.tolist() == [.25, .25, .5]
    assert BY_HAND.ap() == pytest.approx(.25 * 1 + .25 * 2 / 3)
    assert BY_HAND.ap11() == pytest.approx((3 * 1 + 3 * 2 / 3) / 11)  # 0, .1, .2; .3, .4, .5
    assert BY_HAND.best_f1() == (pytest.approx(2 * 2 / (3 + 4)), .7)


@pytest.mark.parametrize('score, tp, fp, fn, precision, recall, f1', [
    (.95, 0, 0, 4, 0, 0, 0), (.9, 1, 0, 3, 1, .25, .4), (.75, 1, 1, 3, .5, .25, 1 / 3),
    (0, 2, 1, 2, 2 / 3, .5, 4 / 7)])
def test_at_a_score(score, tp, fp, fn, precision, recall, f1):
    assert BY_HAND.at(score) == pytest.approx(dict(
        tp=tp, fp=fp, fn=fn, precision=precision, recall=recall, f1=f1))


@pytest.mark.parametrize('objects', [10, 20, 30, 60, 110])
def test_the_eleven_points_include_the_recalls_that_are_reached_exactly(objects):
    """Half of the objects found: recall 0, .1, ... .5, and .5 is one of them."""
    curve = PRCurve.of(np.linspace(1, .5, objects // 2), np.ones(objects // 2, bool), objects)
    assert curve.ap11() == pytest.approx(6 / 11)
    assert curve.ap() == pytest.approx(.5)


def random_curve(seed: int, objects: int | None = None) -> tuple[PRCurve, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 40, 200) / 40  # many equal ones
    hits = rng.random(200) < scores
    return PRCurve.of(scores, hits, objects or hits.sum()), scores, hits


@pytest.mark.parametrize('seed', range(5))
def test_scikit_learns_curve_where_every_object_is_detected(seed):
    curve, scores, hits = random_curve(seed)
    precision, recall, thresholds = precision_recall_curve(hits, scores)  # from low to high
    assert curve.scores == pytest.approx(thresholds[::-1])
    assert curve.precision == pytest.approx(precision[-2::-1])
    assert curve.recall == pytest.approx(recall[-2::-1])
    # scikit-learn does not interpolate: its AP with the best precision at each recall or more
    best = np.maximum.accumulate(precision)[:-1]
    assert curve.ap() == pytest.approx(-np.sum(np.diff(recall) * best))
    assert curve.ap() >= average_precision_score(hits, scores)
    f1, score = curve.best_f1()
    assert f1 == pytest.approx(max(f1_score(hits, scores >= t) for t in thresholds))
    assert f1 == pytest.approx(f1_score(hits, scores >= score))


def test_corners_are_enough_for_both_averages():
    curve, *_ = random_curve(3, objects=170)
    corners = curve.corners()
    precision, recall = (np.array(corners[key]) for key in ('precision', 'recall'))
    assert len(precision) < len(curve.scores) and len(corners['score']) == len(precision)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    assert np.sum(np.diff(recall, prepend=0) * best) == pytest.approx(curve.ap(), abs=1e-5)
    assert (np.diff(recall) > 0).all()
    assert corners['f1'] == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-5)


def test_nothing_detected_is_zero_and_nothing_to_find_is_missing():
    nothing = PRCurve.of([], [], 3)
    assert (nothing.ap(), nothing.ap11(), nothing.best_f1()) == (0, 0, (0, 0))
    assert nothing.at(.5) == dict(tp=0, fp=0, fn=3, precision=0, recall=0, f1=0)
    empty = PRCurve.of([.9], [False], 0)
    assert (empty.ap(), empty.ap11(), empty.best_f1()) == (-1, -1, (-1, -1))
    assert empty.at(.5) == dict(tp=0, fp=1, fn=0, precision=-1, recall=-1, f1=-1)


def test_equal_scores_count_as_one_point():
    """Pascal VOC's program says 1 for a hit before a false alarm, and 0.5 for the reverse."""
    for hits in ([True, False], [False, True]):
        curve = PRCurve.of([.5, .5], hits, 1)
        assert (curve.ap(), curve.ap11()) == (.5, .5)


def drawn_images(rng: np.random.Generator, count: int) -> list[tuple]:
    """Detections whose score says how often they are right, and objects that were missed."""
    scores = [rng.integers(1, 20, rng.integers(0, 6)) / 20 for _ in range(count)]
    hits = [rng.random(len(one)) < one for one in scores]
    return [(one, hit, int(hit.sum() + rng.integers(0, 2))) for one, hit in
            zip(scores, hits, strict=True)]


def ap_of(images: list[tuple]) -> float:
    scores, hits, objects = zip(*images, strict=True)
    return PRCurve.of(np.concatenate(scores), np.concatenate(hits), sum(objects)).ap()


def test_the_bootstrap_is_that_of_curves_of_the_drawn_images():
    images, random, found = drawn_images(np.random.default_rng(0), 12), np.random.RandomState(3), []
    for _ in range(50):
        found.append(ap_of([images[row] for row in random.randint(12, size=12)]))
    assert ap_interval(images, 3, 50) == pytest.approx(np.percentile(found, (2.5, 97.5)))
    assert ap_interval(images) == ap_interval(images) != ap_interval(images, 1)
    assert ap_interval([(np.array([.5]), np.array([False]), 0)] * 3) == []
    empty = np.zeros(0), np.zeros(0, bool)
    assert ap_interval([(*empty, 0), (*empty, 2)]) == [0, 0]


def test_the_interval_holds_the_ap_of_many_images():
    rng = np.random.default_rng(0)
    truth = ap_of(drawn_images(rng, 20_000))
    intervals = [ap_interval(drawn_images(rng, 40), resamples=200) for _ in range(60)]
    assert sum(low <= truth <= high for low, high in intervals) >= 52  # of 60; 57 are expected
