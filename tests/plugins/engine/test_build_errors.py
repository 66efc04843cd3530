import pytest
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from plugins.engine.build_errors import naming
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from tests.conftest import DIGITS


def test_a_group_that_cannot_be_built_is_named_with_its_keys_and_the_reason(tmp_path):
    cfg = load_config(str(REPO_ROOT / DIGITS), ['model.head.dropouts.1=1.5'])
    with pytest.raises(ValueError, match=r'^config .*digits-16px.py: model.head \(MLPClsHead\) '
                       r'cannot be built with .*dropouts=\[0.25, 1.5\].*: dropout probability'), \
            DefaultScope.overwrite_default_scope('mmpretrain'), naming(cfg, 'model'):
        MODELS.build(cfg.model)


@pytest.mark.parametrize('option, message', [
    ('optim_wrapper.optimizer.betas.0=1.5',
     r'optim_wrapper.optimizer \(Adam\) cannot be built with .*betas=.*1.5.*: Invalid beta'),
    ('+train_dataloader.prefetch_factor=3', 'train_dataloader or train_cfg cannot be built: pref')])
def test_a_run_names_what_it_cannot_build(train_digits, tmp_path, option, message):
    with pytest.raises(ValueError, match=message):
        train_digits('--work-dir', str(tmp_path), options=(option, ))


def test_other_errors_pass_as_they_are():
    with pytest.raises(FileNotFoundError), naming(Config(), 'model'):
        raise FileNotFoundError('x.pth')
