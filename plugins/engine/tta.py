"""Test-time augmentation: the predictions for an image and its mirror image are merged."""
from mmengine.config import Config

from .config_keys import groups


def enable_tta(cfg: Config) -> None:
    """Change a config, in place, as upstream's test.py does, to test mirror images, too.

    ``tta_model`` and ``tta_pipeline`` of the config are used if it has them. Else a classifier gets
    FlipTTA, and a detector mmdet's DetTTAModel with its own NMS. Its pipeline flips first: after a
    padding, DetTTAModel would mirror boxes at another width.
    """
    detects, own = cfg.default_scope == 'mmdet', cfg.model.get('test_cfg') or {}
    model = cfg.get('tta_model') or (
        dict(type='DetTTAModel', tta_cfg=own.get('rcnn', own)) if detects else dict(type='FlipTTA'))
    for _, data in list(groups(cfg.test_dataloader)):
        if 'tta_pipeline' in cfg and 'pipeline' in data:
            data.pipeline = cfg.tta_pipeline
        elif detects and 'pipeline' in data:
            load, *others, pack = data.pipeline
            if 'meta_keys' in pack:
                pack.meta_keys = (*pack.meta_keys, 'flip', 'flip_direction')
            data.pipeline = [load, dict(type='TestTimeAug', transforms=[
                [dict(type='RandomFlip', prob=prob) for prob in (0., 1.)],
                *([transform] for transform in (*others, pack))])]
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or ()),
                        dict(type='PrepareTTAHook', tta_cfg=model)]
