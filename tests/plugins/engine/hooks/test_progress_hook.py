"""The bar on a terminal."""
import io
import warnings
from types import SimpleNamespace

import torch
from rich.console import Console

from plugins.engine.hooks import ProgressHook


def test_the_bar_shows_the_loss_without_a_warning():
    hook, shown = ProgressHook(), io.StringIO()
    hook.console = Console(file=shown, force_terminal=True, width=100)
    hook.before_train_epoch(SimpleNamespace(epoch=0, max_epochs=2, train_dataloader=[0] * 3))
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # a loss as training gives it
        hook.after_train_iter(None, 1, outputs=dict(loss=torch.tensor(0.25, requires_grad=True)))
    assert 'epoch 1/2' in shown.getvalue() and 'loss 0.25' in shown.getvalue()
    assert '2/3' in shown.getvalue()
