"""Run a test on the images of another split."""
import copy

from mmengine.config import Config, ConfigDict

# They repeat or mix images.
_REPEATING_WRAPPERS = ('RepeatDataset', 'ClassBalancedDataset', 'MultiImageMixDataset')


def use_part(cfg: Config, part: str) -> None:
    """Change a config, in place, to test on the images of ``test``, ``train`` or ``val``.

    Order, batches, transforms and metrics stay those of the test, and wrappers that repeat or mix
    images are removed: each image counts once, unaugmented.

    Raises:
        ValueError: A metric or the transforms cannot be used for these images.
    """
    if part == 'test':
        return
    if part == 'train':
        cfg.default_hooks.pop('disjoint_parts', None)  # it rejects tests on images trained on
    evaluators = cfg.test_evaluator
    for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
        if evaluator.get('ann_file'):
            raise ValueError(
                f"--part {part}: test_evaluator {evaluator['type']} reads the labels of the "
                f"test split from {evaluator['ann_file']}; use a metric that takes them from "
                'the data, or change ann_file and the test data by --cfg-options')
    cfg.test_dataloader.dataset = _as_tested(
        cfg[f'{part}_dataloader'].dataset, cfg.test_dataloader.dataset)


def _as_tested(dataset: ConfigDict, tested: ConfigDict) -> ConfigDict:
    """The config of a split's data set with the transforms of the test's."""
    if dataset['type'].split('.')[-1] in _REPEATING_WRAPPERS:
        return _as_tested(dataset['dataset'], tested)
    dataset = copy.deepcopy(dataset)
    if 'dataset' in dataset:
        dataset['dataset'] = _as_tested(dataset['dataset'], tested)
    elif 'datasets' in dataset:
        dataset['datasets'] = [_as_tested(inner, tested) for inner in dataset['datasets']]
    elif 'pipeline' in dataset and 'pipeline' not in tested:
        raise ValueError(f"test_dataloader.dataset ({tested['type']}) has no pipeline, expected "
                         'one to replace the augmentation of the training images')
    else:
        dataset.update({key: tested[key] for key in ('pipeline', 'test_mode') if key in tested})
    return dataset
