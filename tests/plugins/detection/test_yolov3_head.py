import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch.nn.functional import binary_cross_entropy, mse_loss

from plugins.detection.yolov3_grid import Boxes
from tests.plugins.detection.yolov3_cases import (
    EACH_SCALE,
    REPORT_LOSSES,
    SUM,
    THRESHOLDS,
    build_head,
    instances,
    random_maps,
    random_truth,
)

GRID_ASSIGNER = dict(type='GridAssigner', **THRESHOLDS)


@pytest.mark.parametrize('rescale, scale, expected', [
    (False, (0.5, 0.5), [0, 20, 50, 40]), (True, (0.5, 0.5), [0, 40, 100, 80])])
def test_detections_end_at_the_image_not_at_the_letterbox(rescale, scale, expected):
    # An image of 100 x 80 (width x height) shown at half size, 50 x 40, in a 64 x 64 letterbox.
    meta = dict(ori_shape=(80, 100), img_shape=(64, 64), scale_factor=scale)
    found = InstanceData(bboxes=torch.tensor([[-7., 20., 60., 90.]]), scores=torch.ones(1),
                         labels=torch.zeros(1, dtype=torch.long), score_factors=torch.ones(1))
    cfg = ConfigDict(score_thr=0, nms=dict(type='nms', iou_threshold=0.45), max_per_img=100)
    result = build_head()._bbox_post_process(found, cfg, rescale=rescale, img_meta=meta)
    assert result.bboxes.tolist() == [expected]


def test_maps_have_32_bits_in_mixed_precision():
    torch.manual_seed(0)
    head = build_head()
    features = [torch.randn(1, channels, 4, 4) for channels in head.in_channels]
    with torch.no_grad():
        exact, = head(features)
        with torch.autocast('cpu', torch.bfloat16):
            mixed, = head(features)
    for one, other in zip(exact, mixed, strict=True):
        assert one.dtype == other.dtype == torch.float32 and not torch.equal(one, other)
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.05)


def losses_and_gradients(head, seed, ignored=None):
    maps, truth = random_maps(seed), random_truth(seed)
    losses = {name: sum(value) if isinstance(value, list) else value for name, value
              in head.loss_by_feat(maps, truth, [{}] * len(truth), ignored).items()}
    return losses, torch.autograd.grad(sum(losses.values()), maps)


@pytest.mark.parametrize('options', [
    {}, dict(one_hot_smoother=0.1), dict(loss_wh=dict(type='SmoothL1Loss', reduction='sum'))])
@pytest.mark.parametrize('seed', range(3))
def test_with_upstreams_options_it_is_upstreams_head(options, seed):
    expected, gradients = losses_and_gradients(
        build_head('YOLOV3Head', GRID_ASSIGNER, **options), seed)
    # ignored boxes change nothing for upstream, nor with ignore_iof_thr=None
    found, ours = losses_and_gradients(build_head(**options), seed, random_truth(seed + 50))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), rel=1e-6), name
    for one, other in zip(ours, gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('assigner', [None, EACH_SCALE])
def test_means_are_report_as_loss(assigner):
    """Against the loss code that report A prints, scale by scale."""
    head = build_head(assigner=assigner, **REPORT_LOSSES, sizes=[  # for small images
        [(100, 60), (80, 80), (50, 70)], [(30, 30), (60, 30), (30, 60)],
        [(8, 8), (20, 9), (9, 20)]])
    maps, truth = random_maps(3), random_truth(3)
    found = head.loss_by_feat(maps, truth, [{}] * 4)
    grid, boxes = head._grid(maps), Boxes.of(truth)
    targets = head.assigner.assign_batch(grid, boxes)
    wanted = torch.zeros(4, len(grid.anchors), 8)
    for image, place in targets.learns.nonzero().tolist():
        anchor, box = targets.anchors[image, place], targets.boxes[image, place]
        wanted[image, anchor, :4] = head.bbox_coder.encode(
            grid.anchors[anchor], truth[image].bboxes[box], grid.anchor_strides[anchor, 0])
        wanted[image, anchor, 5 + truth[image].labels[box]] = 1
    expected = dict.fromkeys(('loss_cls', 'loss_conf', 'loss_xy', 'loss_wh'), 0.)
    first = 0
    for raw, count in zip(maps, grid.counts, strict=True):
        raw = raw.permute(0, 2, 3, 1).reshape(4, -1, 8)
        target = wanted[:, first:first + count]
        obj = targets.objects[:, first:first + count]
        noobj = targets.background[:, first:first + count]
        first += count
        assert obj.any()
        for column in (0, 1):
            expected['loss_xy'] += mse_loss(raw[obj][:, column].sigmoid(), target[obj][:, column])
            expected['loss_wh'] += mse_loss(raw[obj][:, 2 + column], target[obj][:, 2 + column])
        conf = raw[..., 4].sigmoid()
        expected['loss_conf'] += binary_cross_entropy(conf[obj], torch.ones(int(obj.sum())))
        expected['loss_conf'] += 100 * binary_cross_entropy(
            conf[noobj], torch.zeros(int(noobj.sum())))
        expected['loss_cls'] += binary_cross_entropy(raw[obj][:, 5:].sigmoid(), target[obj][:, 5:])
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), rel=1e-5), name


@pytest.mark.parametrize('losses', [{}, REPORT_LOSSES])
@pytest.mark.parametrize('assigner', [None, EACH_SCALE])
def test_a_batch_without_boxes_teaches_that_there_is_none(losses, assigner):
    head, maps = build_head(assigner=assigner, **losses), random_maps(0, batch=2)
    found = head.loss_by_feat(maps, [instances([])] * 2, [{}] * 2, [None, None])
    assert [found[f'loss_{name}'].item() for name in ('cls', 'xy', 'wh')] == [0, 0, 0]
    sum(found.values()).backward()
    for pred in maps:
        assert (pred.grad.view(2, 3, 8, *pred.shape[2:])[:, :, 4] > 0).all()


def confidence_gradients(ignore_iof_thr, ignored, raw=0., boxes=((34, 34, 62, 62),)):
    """Of one scale, 2 x 2 cells with one anchor of 32 x 32, for two images: (2, 2, 2)."""
    head = build_head(sizes=[[(32, 32)]], strides=(32,), ignore_iof_thr=ignore_iof_thr)
    pred = torch.zeros(2, 8, 2, 2)
    pred[:, 2:4] = raw
    pred.requires_grad_()
    head.loss_by_feat([pred], [instances(list(boxes)), instances([])], [{}] * 2,
                      ignored)['loss_conf'].backward()
    return pred.grad[:, 4]


def test_predictions_in_ignored_boxes_get_no_loss_of_confidence():
    # Raw predictions of 0 are the anchors themselves. The object is in the last cell.
    regions = [instances([[0, 0, 40, 32], [30, 30, 64, 64]]), instances([[0, 0, 64, 17]])]
    assert confidence_gradients(0.5, regions).tolist() == [
        [[0, .5], [.5, -.5]], [[0, 0], [.5, .5]]]
    # two more anchors reach into the second region by 2 of their 32 pixels, a share of 0.0625
    assert confidence_gradients(0.06, regions)[0].tolist() == [[0, 0], [0, -.5]]
    # the second image's region covers 17 of 32 rows, 0.53
    assert confidence_gradients(0.54, regions)[1].tolist() == [[.5, .5], [.5, .5]]
    for no_region in (confidence_gradients(None, regions), confidence_gradients(0.5, None),
                      confidence_gradients(0.5, [None, instances([])])):
        assert no_region.tolist() == [[[.5, .5], [.5, -.5]], [[.5, .5], [.5, .5]]]


def test_it_is_the_predicted_box_that_counts_not_the_anchor():
    # Four times as large, 128 x 128, none lies in the region by a half; e^-2 times, the upper do.
    regions = [None, instances([[0, 0, 64, 24]])]
    large, small = (confidence_gradients(0.5, regions, raw)[1].tolist()
                    for raw in (torch.tensor(4.).log(), -2.))
    assert large == [[.5, .5], [.5, .5]] and small == [[0, 0], [.5, .5]]


def test_ignored_cells_do_not_enter_the_mean():
    head = build_head(sizes=[[(32, 32)]], strides=(32,), ignore_iof_thr=0.5, **REPORT_LOSSES)
    pred = torch.zeros(1, 8, 2, 2)
    pred[:, 4, 0, 0] = 5.  # a confident prediction in the ignored box
    found = head.loss_by_feat([pred], [instances([[34, 34, 62, 62]])], [{}],
                              [instances([[0, 0, 32, 32]])])['loss_conf']
    assert found.item() == pytest.approx(101 * torch.tensor(2.).log().item())


def test_background_and_objects_are_weighted():
    def conf(**weights):
        return losses_and_gradients(build_head(**weights), 1)[0]['loss_conf'].item()
    only_objects, only_background = conf(noobj_weight=0), conf(obj_weight=0)
    assert only_objects > 0 and only_background > 0
    assert conf(obj_weight=2, noobj_weight=100) == pytest.approx(
        2 * only_objects + 100 * only_background, rel=1e-5)


@pytest.mark.parametrize('losses', [{}, REPORT_LOSSES])
@pytest.mark.parametrize('assigner', [None, EACH_SCALE])
def test_nothing_waits_for_the_device(losses, assigner):
    """Meta tensors have shapes and no values: whatever asks for one fails."""
    head = build_head(assigner=assigner, ignore_iof_thr=0.5, **losses)
    maps = [pred.detach().to('meta').requires_grad_() for pred in random_maps(0)]
    truth = [item.to(device='meta') for item in random_truth(0)]
    head.statistics_wanted = True
    sum(head.loss_by_feat(maps, truth, [{}] * 4, truth).values()).backward()
    assert head.statistics.values.shape == (3, 13)
    if not losses and not assigner:
        with pytest.raises(Exception, match='meta'):
            build_head('YOLOV3Head', GRID_ASSIGNER).loss_by_feat(maps, truth, [{}] * 4)


def test_half_precision_maps_are_computed_in_full():
    head = build_head(**REPORT_LOSSES)
    maps, truth = random_maps(0), random_truth(0)
    rounded = [pred.bfloat16() for pred in maps]
    expected = head.loss_by_feat([pred.float() for pred in rounded], truth, [{}] * 4)
    assert head.loss_by_feat(rounded, truth, [{}] * 4) == expected


@pytest.mark.parametrize('options, message', [
    (dict(assigner=GRID_ASSIGNER), 'found the assigner GridAssigner, expected BatchGridAssigner'),
    (dict(ignore_iof_thr=50), 'found ignore_iof_thr=50, expected a share from 0 to 1'),
    (dict(loss_cls=dict(SUM, reduction='none')), "loss_cls: found reduction='none'")])
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build_head(**options)
