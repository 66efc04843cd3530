import numpy as np
import pytest
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope
from PIL import Image

from plugins.classification.datasets.class_folder import ClassFolder
from plugins.classification.datasets.fit_picture import FitPicture


@pytest.mark.parametrize('name', ['a.png', 'a.jpg'])
@pytest.mark.parametrize('resize', ['stretch', 'center_crop'])
@pytest.mark.parametrize('shape', [(16, 40), (7, 11), (5, 4)])
def test_a_file_through_the_pipeline_has_the_pixels_of_the_data_set(tmp_path, name, resize, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    (tmp_path / 'one').mkdir()
    Image.fromarray(pixels).save(tmp_path / 'one' / name)
    source = ClassFolder(tmp_path, (7, 11), resize=resize)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        packed = Compose(source.pipeline)(dict(img_path=str(tmp_path / 'one' / name)))
    assert (packed['inputs'].numpy() == source.images[0]).all()
    assert packed['data_samples'].img_shape == (7, 11)


def test_wrong_arguments_are_refused():
    for wrong, told in ((dict(size=0), 'size=0'), (dict(size=2, resize='fit'), "resize='fit'")):
        with pytest.raises(ValueError, match=f'FitPicture: {told}'):
            FitPicture(**wrong)
