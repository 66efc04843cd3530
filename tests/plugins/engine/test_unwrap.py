from types import SimpleNamespace

import torch
from mmengine.registry import MODEL_WRAPPERS

from plugins.engine.unwrap import unwrapped


@MODEL_WRAPPERS.register_module()
class Wrapper(torch.nn.Module):
    """As DistributedDataParallel holds its model."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module


def test_the_model_within():
    model = torch.nn.Linear(1, 1)
    assert unwrapped(SimpleNamespace(model=model)) is model
    assert unwrapped(SimpleNamespace(model=Wrapper(model))) is model
