"""Ours, stock and bare for one recipe of a detector, from the same weights and images."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.registry import init_default_scope
from torch import Tensor

from plugins.engine.fast_dev_run import FirstSamplesSampler
from plugins.engine.session import Session, load_config

from .bare_detection import train as train_bare
from .classifiers import compare_losses
from .clock import RunnerBlocks, load_network, network_weights
from .conditions import FairContest, bare_optimizer
from .leaf import TRAINING_ONLY, merged, write_leaf
from .record import Settings
from .stock_detection import stock_detector, stock_pipeline, stock_runner, write_coco

CHECK_STEPS = 2
_numbers = count()


@dataclass(frozen=True)
class Recipe:
    """What is trained.

    Attributes:
        name: Of the case.
        what: For readers.
        base: Config below ``configs/`` on KittiDataset.
        pipeline: Of the training images.
        warmup, iterations: Of a block.
        batch: Images in a batch.
        amp: Whether ours and bare use mixed precision; stock never does.
        changes: To the config.
        tolerance: By how much, relatively, the losses may differ in the check.
    """

    name: str
    what: str
    base: str
    pipeline: Sequence[Mapping[str, Any]]
    warmup: int
    iterations: int
    batch: int = 4
    amp: bool = True
    changes: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 1e-4


class Contest(FairContest):
    """The ways to train one recipe.

    Args:
        recipe: What is trained.
        settings: Where files may go.
        data: KITTI's folder.
    """

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe = recipe
        self.folder = Path(settings.folder, recipe.name.replace(' ', '_'))
        self.folder.mkdir()
        self.precision = 'float32'
        loaders = {f'{part}_dataloader': dict(dataset=dict(data_root=str(data)))
                   for part in ('val', 'test')}
        self.changes = merged(TRAINING_ONLY, loaders, dict(train_dataloader=dict(
            batch_size=recipe.batch, dataset=dict(
                data_root=str(data), pipeline=list(recipe.pipeline)))), recipe.changes)
        self.cfg = load_config(self._leaf('data'))
        self.optim_wrapper = self.cfg.optim_wrapper.to_dict()
        init_default_scope('mmdet')
        self.dataset = DATASETS.build(
            dict(self.cfg.train_dataloader.dataset, pipeline=self._plain()))
        self.annotations = write_coco(self.dataset, self.folder / 'coco.json')
        torch.manual_seed(0)
        model = MODELS.build(self.cfg.model)
        model.init_weights()
        self.weights = network_weights(model)

    def _plain(self) -> list[Mapping[str, Any]]:
        """The pipeline without chance."""
        return [step for step in self.recipe.pipeline
                if step['type'] not in ('RandomFlip', 'PhotoMetricDistortion')]

    def _leaf(self, name: str, **keys: Any) -> str:
        return write_leaf(self.folder / f'{name}.py', self.recipe.base,
                          **merged(self.changes, keys))

    def _steps(self, check: bool) -> tuple[int, int]:
        return (1, CHECK_STEPS - 1) if check else (self.recipe.warmup, self.recipe.iterations)

    def ours(self, check: bool = False) -> RunnerBlocks:
        """tools/train.py's session and runner, with this recipe's config."""
        name = f'ours{next(_numbers)}'
        keys: dict[str, Any] = {}
        if check:
            sampler = dict(_delete_=True, type=FirstSamplesSampler.__name__,
                           num_samples=self.recipe.batch * CHECK_STEPS,
                           sampler=dict(type='DefaultSampler', shuffle=False))
            # stock trains ignored boxes as background; it and bare keep one learning rate
            keys = dict(model=dict(bbox_head=dict(ignore_iof_thr=None)), param_scheduler=[],
                        train_dataloader=dict(
                            sampler=sampler, dataset=dict(pipeline=self._plain())))
        session = Session(self._leaf(name, **keys))
        if self.recipe.amp and not check:
            session.enable_amp()
            self.precision = session.precision
        self.optim_wrapper = session.cfg.optim_wrapper.to_dict()
        session.enter_work_dir(str(self.folder / name), None, False)
        return RunnerBlocks(session.build_runner(), *self._steps(check), self.weights)

    def stock(self, workers: int, check: bool = False) -> RunnerBlocks:
        """mmengine's own runner with mmdet's head, assigner, data set and pipeline."""
        pipeline = stock_pipeline(self._plain() if check else self.recipe.pipeline)
        runner = stock_runner(
            self.folder, f'stock{next(_numbers)}', stock_detector(self.cfg.model.to_dict()),
            self.cfg.optim_wrapper.to_dict(), self.annotations, self.dataset.metainfo['classes'],
            pipeline, self.recipe.batch, workers, shuffle=not check,
            first=self.recipe.batch * CHECK_STEPS if check else None)
        return RunnerBlocks(runner, *self._steps(check), self.weights)

    def bare(self, check: bool = False) -> Callable[[], tuple[float, list[Tensor]]]:
        """The plain loop; each call trains a block and gives its seconds and losses."""
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        config = self.cfg.model.to_dict()
        if check:
            config['bbox_head']['ignore_iof_thr'] = None
        model = MODELS.build(config)
        load_network(model, self.weights)
        amp = self.recipe.amp and not check
        model = model.to(device, memory_format=torch.channels_last) if amp else model.to(device)
        optimizer = bare_optimizer(self.optim_wrapper, model)
        preprocessor = self.cfg.model.data_preprocessor
        mean, std = (torch.tensor(values, device=device).float().view(3, 1, 1)
                     for values in (preprocessor.mean, preprocessor.std))
        samples = [self.dataset[number] for number in range(len(self.dataset))]
        images = torch.stack([sample['inputs'] for sample in samples])
        pad = tuple(-side % preprocessor.pad_size_divisor for side in images.shape[:1:-1])
        truth, ignored = ([_plain_boxes(getattr(sample['data_samples'], name))
                           for sample in samples] for name in ('gt_instances', 'ignored_instances'))
        dtype = {'bfloat16': torch.bfloat16, 'float16': torch.float16}.get(self.precision)
        blocks = train_bare(
            images, truth, None if check else ignored, model, optimizer,
            (self.optim_wrapper.get('clip_grad') or {}).get('max_norm'), mean, std, pad,
            self.recipe.batch, *self._steps(check), dtype if amp else None, shuffle=not check)
        return lambda: next(blocks)

    def check(self) -> dict[str, Any]:
        """Train all three for two steps without chance, in float32, and compare their losses.

        Raises:
            ValueError: They differ: not the same model, data, order, loss or optimiser.
        """
        ours, stock = self.ours(check=True), self.stock(0, check=True)
        ours(), stock()
        return compare_losses(dict(ours=ours.clock.losses, stock=stock.clock.losses,
                                   bare=self.bare(check=True)()[1]), self.recipe.tolerance)


def _plain_boxes(instances: Any) -> Any:
    """With boxes as a tensor; mmdet's pipeline hands out its HorizontalBoxes."""
    instances = instances.clone()
    instances.bboxes = getattr(instances.bboxes, 'tensor', instances.bboxes)
    return instances
