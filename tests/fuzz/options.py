"""``--cfg-options``, and the anchors of a detector."""
from random import Random
from typing import Any

from tests.conftest import DIGITS
from tests.fuzz.attempt import Attempt, Setting, kind

RAW = ('', 'abc', 'nan', 'inf', '-inf', '1e400', '-1', '0', '1', '2', '1.5', '-0.0', '1e-400',
       '9' * 25, '9' * 5000, 'true', 'True', 'False', 'None', 'none', '[', ']', '[1', '(1,2',
       '[[1,2]', '(1,2),(3', '1,2,3', '[1,2,3]', '(1,2)', '[]', '()', '{a:1}', "{'a':1}", '[{a:1}]',
       'dict(a=1)', '"x', "'", '""', 'ü中文', 'x\x00y', 'x' * 900, ' ', '=', 'a=b',
       '__import__("os")', '$(id)', '../x', '/dev/null', '/', '1_000', '٣', '[[[[1]]]]', '[,]', ',',
       '[a,1,None,True]', '1e300')
_DETECTOR = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


def fits(old: Any, new: Any) -> bool:
    """Whether an option's value is of the kind of the one that it replaces."""
    if old is None or new is None or isinstance(old, dict):
        return isinstance(new, dict | None) or not isinstance(old, dict)
    if isinstance(old, list | tuple) or isinstance(new, list | tuple):
        olds, news = ([*value] if isinstance(value, list | tuple) else [value]
                      for value in (old, new))
        return all(any(fits(before, after) for before in olds) or not olds for after in news)
    numbers = [isinstance(value, int | float) and not isinstance(value, bool)
               for value in (old, new)]
    return numbers == [True, True] and abs(new) < 1e308 or type(old) is type(new)


def _key(rng: Random, keys: list[str]) -> str:
    key = rng.choice(keys)
    key = rng.choice([key, key, key, key, key.rpartition('.')[0] or key])
    spoil = rng.choice([None] * 8 + ['typo', 'part', 'sign', 'index', 'odd'])
    if spoil == 'typo':
        place = rng.randrange(len(key))
        key = key[:place] + rng.choice(['', 'x', '..', ' ', 'ü']) + key[place + 1:]
    elif spoil == 'part':
        key += rng.choice(['.', '.0', '.x', '..', '.-1', '.type'])
    elif spoil == 'sign':
        key = rng.choice(['+', '++', '-', '--', '.']) + key
    elif spoil == 'index':
        key = key.replace('.0', rng.choice(['.1', '.9', '.-1', '.00', '.٠']))
    elif spoil == 'odd':
        key = rng.choice(['', '.', '+', 'x' * 300, 'ü', '_delete_', 'model._delete_', '_base_'])
    return key


def _near(rng: Random, old: Any, others: list) -> Any:
    """Another value of the same kind."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int | float):
        return rng.choice([old * 2, -old, old + 1, old / 2, old * 1e6, old * 1000, 10 ** 9, 3, 0])
    return rng.choice([one for one in others if type(one) is type(old)])


@kind('option', 240, 'two batches of everything run, and the value is of the kind of the old one')
def option(rng: Random, setting: Setting) -> Attempt:
    from plugins.engine.config_keys import READ_KEYS, dotted
    from plugins.engine.session import load_config
    from tools import train

    data = setting.made['digits_options']
    before = dict(dotted(setting.once('digits_config', lambda _: load_config(
        DIGITS, data))._cfg_dict.to_dict()))
    keys = [key for key in before if key.split('.')[0] in READ_KEYS]
    key, value = _key(rng, keys), rng.choice(RAW)
    if rng.random() < 0.35:
        key = rng.choice(keys)
        value = _near(rng, before[key], list(before.values()))
    text = f'{key}={value}'
    if rng.random() < 0.05:
        text = rng.choice([key, f'={value}', f'{key}=={value}', '', '=', value, '-x', '--seed'])

    def use() -> None:
        train.main([DIGITS, '--fast-dev-run', '--cfg-options', *data, text])
        after = dict(dotted(load_config(DIGITS, [*data, text])._cfg_dict.to_dict()))
        for name in before:
            if name in after:
                assert fits(before[name], after[name]), f'{name}: {after[name]!r}'

    names = [part for part in (text, key, *key.lstrip('+').split('.')) if part] + [
        'model.type', 'cache_dir']
    return Attempt(text[:120], names if key and text.startswith(key) else [
        *names, '--cfg-options'], use)


@kind('anchors', 60, 'the detector is built with these numbers')
def anchors(rng: Random, setting: Setting) -> Attempt:
    from mmengine.registry import MODELS, DefaultScope

    from plugins.engine.build_errors import naming
    from plugins.engine.session import load_config

    where = 'model.bbox_head.anchor_generator'
    key = rng.choice(['base_sizes', 'base_sizes.0', 'base_sizes.0.0', 'base_sizes.1.2.1',
                      'strides', 'strides.0', 'base_sizes.9', 'base_sizes.0.9'])
    value = rng.choice([*RAW, '[(10,13),(16,30)]', '[[(10,13)],[(16,30)],[(1,1)]]', '(0,0)',
                        '(-5,9)', '[(1,2,3)]', '[(1,)]', '[8,16]', '(nan,1)', '[[(1,2)],[(3,4)]]'])

    def use() -> None:
        cfg = load_config(_DETECTOR, [f'{where}.{key}={value}'])
        with DefaultScope.overwrite_default_scope('mmdet'), naming(cfg, 'model'):
            head = MODELS.build(cfg.model).bbox_head
        sizes = [[tuple(map(float, size)) for size in level]
                 for level in cfg.model.bbox_head.anchor_generator.base_sizes]
        built = [[(float(x2 - x1), float(y2 - y1)) for x1, y1, x2, y2 in level.tolist()]
                 for level in head.prior_generator.base_anchors]
        assert all(abs(a - b) <= 1e-3 * abs(b) for mine, its in zip(built, sizes, strict=True)
                   for one, other in zip(mine, its, strict=True)
                   for a, b in zip(one, other, strict=True)) and all(
            side > 0 for level in sizes for size in level for side in size), sizes

    return Attempt(f'{key}={value[:80]}', [where, 'anchor', 'base_sizes', 'strides'], use)
