from pathlib import Path

import pytest
from PIL import Image

from plugins.engine.files import REPO_ROOT
from tools.analysis_tools.optimize_anchors import main

CONFIG = REPO_ROOT / 'configs/yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'
# Nine sizes of cars in 124 x 38, a tenth of KITTI's image; no two lie near each other.
SIZES = [(4, 4), (4, 10), (10, 4), (10, 10), (10, 22), (24, 10), (24, 24), (60, 24), (100, 36)]
# half of them, as the pipeline makes them: coarsest scale first, smallest first within it
BEST = [[(12, 12), (30, 12), (50, 18)], [(5, 5), (5, 11), (12, 5)], [(2, 2), (2, 5), (5, 2)]]
LINE = '{} 0.00 0 0.1 1 1 {} {} 1.5 1.6 3.9 -1.0 1.7 20.0 0.0\n'
RESIZE = "dict(type='Resize', scale=(62, 62), keep_ratio=True)"
LOAD = "dict(type='LoadCachedImage'), dict(type='LoadAnnotations', with_bbox=True)"
PACK = "dict(type='PackDetInputs')"


def car(width: float, height: float, kind: str = 'Car') -> str:
    return LINE.format(kind, 1 + width, 1 + height)


@pytest.fixture
def root(tmp_path) -> Path:
    """Nine images, in each two cars of one size, and a DontCare region and a van of others."""
    for folder in ('image_2', 'label_2'):
        (tmp_path / 'kitti/training' / folder).mkdir(parents=True)
    for index, size in enumerate(SIZES):
        Image.new('RGB', (124, 38)).save(tmp_path / f'kitti/training/image_2/{index:06d}.png')
        (tmp_path / f'kitti/training/label_2/{index:06d}.txt').write_text(
            car(*size) * 2 + car(120, 3, 'DontCare') + car(3, 30, 'Van'))
    return tmp_path / 'kitti'


def write_config(root: Path, extra: str = '') -> str:
    path = root.parent / 'config.py'
    path.write_text(f"_base_ = {str(CONFIG)!r}\ntrain_dataloader = dict(dataset=dict(\n"
                    f"    data_root={str(root)!r}, split=None, part=None,\n"
                    f"    pipeline=[{LOAD}, {RESIZE}, {PACK}]))\n{extra}")
    return str(path)


def test_anchors_are_the_sizes_that_the_pipeline_makes(root, capsys):
    result = main([write_config(root)])
    # 124 x 38 becomes 62 x 19, half of either side; of four boxes an image, two are ignored
    assert result['boxes'] == 18
    assert result['after'] == (pytest.approx(1), 1)
    assert result['before'].mean_iou < 0.6
    printed = capsys.readouterr().out
    assert '18 boxes that are not ignored' in printed
    pasted = eval(printed[printed.index('anchor_generator='):].replace('anchor_generator=', ''))
    assert pasted['base_sizes'] == result['base_sizes'] == BEST


@pytest.mark.parametrize('pipeline', [
    [LOAD, RESIZE.replace('(62, 62)', '(62, 28)'), PACK],  # 62 x 19: no letterbox of 62 x 28
    [LOAD, RESIZE, "dict(type='Pad', size=(62, 62))", PACK]])
def test_a_rectangle_or_padding_changes_the_image_and_not_the_boxes(root, pipeline):
    config = write_config(
        root, f"train_dataloader['dataset']['pipeline'] = [{', '.join(pipeline)}]\n")
    assert main([config])['base_sizes'] == BEST


def test_other_models_and_pipelines_are_rejected(root):
    config = write_config(root)
    with pytest.raises(ValueError, match='found 8 different sizes among 16 boxes .* 9 anchors'):
        main([config, '--cfg-options', '+train_dataloader.dataset.indices=8'])
    with pytest.raises(ValueError, match='anchor_generator is AnchorGenerator, expected a YOLO'):
        main([config, '--cfg-options', 'model.bbox_head.anchor_generator.type=AnchorGenerator'])
    config = write_config(root, f"train_dataloader['dataset']['pipeline'] = [{LOAD}]\n")
    with pytest.raises(ValueError, match=r"give \['gt_bboxes'.* expected PackDetInputs"):
        main([config])
    with pytest.raises(SystemExit):
        main([str(root / 'none.py')])


def test_anchors_that_cannot_be_bettered_are_kept(root, capsys):
    own = [list(level) for level in BEST]
    config = write_config(root, f'model = dict(bbox_head=dict(anchor_generator=dict('
                                f'base_sizes={own})))\n')
    result = main([config, '--restarts', '2'])
    assert result['base_sizes'] == own and result['before'].mean_iou == pytest.approx(1)
    printed = capsys.readouterr().out
    assert "Keep the config's anchors" in printed and 'anchor_generator=' not in printed
    own[0][2] = (40, 18)
    config = write_config(root, f'model = dict(bbox_head=dict(anchor_generator=dict('
                                f'base_sizes={own})))\n')
    assert main([config])['base_sizes'][0][2] == (50, 18)
    assert 'anchor_generator=' in capsys.readouterr().out
