import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from plugins.engine.build_errors import naming_groups
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from tests.conftest import DIGITS

OPTIMIZER = dict(optim_wrapper=dict(optimizer=dict(type='Adam', betas=[5])))


def test_a_group_that_cannot_be_built_is_named_with_its_keys_and_the_reason():
    cfg = load_config(str(REPO_ROOT / DIGITS), ['model.head.dropouts.1=1.5'])
    with pytest.raises(ValueError, match=r'^config .*digits-16px.py: model.head \(MLPClsHead\) '
                       r'cannot be built with .*dropouts=\[0.25, 1.5\].*: dropout probability'), \
            DefaultScope.overwrite_default_scope('mmpretrain'), naming_groups(cfg):
        MODELS.build(cfg.model)


def test_other_errors_pass_as_they_are():
    for error in (KeyError('a bug'), FileNotFoundError('x.pth'), ValueError('said by us')):
        with pytest.raises(type(error)) as caught, naming_groups(Config(OPTIMIZER)):
            raise error
        assert caught.value is error
    with pytest.raises(RuntimeError), naming_groups(Config(OPTIMIZER)):
        torch.ones(2) @ torch.ones(3)
