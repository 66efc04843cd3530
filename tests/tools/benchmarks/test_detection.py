
import pytest
import torch

from tools.benchmarks.detection import LIGHT, DetectorContest, recipe
from tools.benchmarks.record import Settings
from tools.misc.make_sample_data import main as make_sample_data


@pytest.fixture(scope='module')
def contest(tmp_path_factory):
    folder = tmp_path_factory.mktemp('detectors')
    make_sample_data([str(folder), '--sets', 'kitti', '--size', 'kitti=16',
                      '--kitti-width', '256'])
    small = recipe('MobileNetV2', LIGHT, 128, 64, 1, 3, batch=2)
    return DetectorContest(small.with_data('data_root', folder / 'kitti'),
                           Settings(folder, quick=True))


def test_stock_differs_by_head_and_assigner_alone(contest):
    ours, stock = contest.cfg.model.to_dict(), contest.stock_model()
    assert (stock['bbox_head']['type'], stock['train_cfg']['assigner']['type']) == (
        'YOLOV3Head', 'GridAssigner')
    assert ours['bbox_head']['type'] == 'KittiYOLOV3Head'
    assert {key for key in ours if ours[key] != stock[key]} == {'bbox_head', 'train_cfg'}
    assert type(contest.recipe.stock[0]) is dict


def test_bare_mirrors_boxes_with_their_images(contest):
    plain, rows = contest.dataset[0], [torch.tensor([0])] * 20
    width, mirrored = plain['inputs'].shape[2], set()
    (image, *_), *_ = contest.bare_batches(None, rows, torch.device('cpu'), check=True)
    for x, *found in contest.bare_batches(None, rows, torch.device('cpu'), check=False):
        flip = not torch.equal(x, image)
        assert torch.equal(x[..., :width], image[..., :width].flip(3) if flip
                           else image[..., :width])
        assert x.shape[2] % 32 == x.shape[3] % 32 == 0
        for kind, (own,) in zip(('gt_instances', 'ignored_instances'), found, strict=True):
            x1, y1, x2, y2 = plain['data_samples'].get(kind).bboxes.tensor.unbind(1)
            assert torch.equal(own.bboxes, torch.stack(
                [width - x2, y1, width - x1, y2] if flip else [x1, y1, x2, y2], 1))
        mirrored.add(flip)
    assert mirrored == {True, False} and len(found[0][0]) > 0
