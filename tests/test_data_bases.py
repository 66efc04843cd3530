"""The data bases of configs/_base_/datasets, on noise in each set's layout."""
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from plugins.classification.datasets import ArrayDataset
from plugins.engine.files import REPO_ROOT
from tools.misc.sample_layouts import FLOWERS, MIT8

LOADERS = ('train', 'val', 'test')


@pytest.fixture(scope='module')
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 flowers a class, 56 and 24 scenes, 20 and 20 birds of 3 species; no two images alike."""
    root, random = tmp_path_factory.mktemp('samples'), np.random.RandomState(0)

    def write(folder: Path, count: int) -> list[str]:
        folder.mkdir(parents=True)
        for number in range(count):
            noise = random.randint(256, size=(8, 8, 3)).astype(np.uint8)
            Image.fromarray(noise).save(folder / f'{number}.png')
        return [f'{folder.name}/{number}.png' for number in range(count)]

    for name in FLOWERS:
        write(root / 'flower_photos' / name, 50)
    for name in MIT8:
        write(root / 'MIT_split' / 'train' / name, 56)
        write(root / 'MIT_split' / 'test' / name, 24)
    birds = root / 'CUB_200_2010'
    lines = [line for number in (1, 2, 3)
             for line in write(birds / 'images' / f'00{number}.Species', 40)]
    (birds / 'lists').mkdir()
    for part, chosen in (('train', lines[::2]), ('test', lines[1::2])):
        (birds / 'lists' / f'{part}.txt').write_text('\n'.join(chosen))
    return root


def datasets(name: str, samples: Path) -> dict[str, ArrayDataset]:
    """The three data sets of a base at 8x8, with the samples for data."""
    config = Config.fromfile(REPO_ROOT / f'configs/_base_/datasets/{name}.py')
    built = {}
    for loader in LOADERS:
        dataset = config[f'{loader}_dataloader'].dataset.to_dict()
        assert dataset.pop('type') == 'ArrayDataset'
        dataset.pop('pipeline', None)  # of the whole size
        source = dataset['source']
        root = samples / Path(source['data_root']).relative_to('data')
        source.update(size=8, data_root=str(root))
        built[loader] = ArrayDataset(**dataset)
    return built


def pictures(dataset: ArrayDataset) -> list[bytes]:
    images = dataset.__getitems__(range(len(dataset)))['inputs']
    return [image.tobytes() for image in images.numpy()]


@pytest.mark.parametrize('name, counts', [
    ('flowers', {'train': [12] * 5, 'val': [3] * 5, 'test': [35] * 5}),  # 50 - 35; a fifth of 15
    ('mit_scenes', {'train': [50] * 8, 'val': [6] * 8, 'test': [24] * 8}),
    ('mit_scenes_small', {'train': [50] * 8, 'val': [6] * 8, 'test': [24] * 8}),
    ('cub200', {'train': [18] * 3, 'val': [2] * 3, 'test': [20] * 3}),
])
def test_how_many_of_each_class(samples, name, counts):
    built = datasets(name, samples)
    assert {loader: np.bincount(data.labels).tolist() for loader, data in built.items()} == counts


def test_small_scenes_validate_on_the_images_of_all_scenes(samples):
    small, all_scenes = (datasets(name, samples) for name in ('mit_scenes_small', 'mit_scenes'))
    for loader in ('val', 'test'):
        assert pictures(small[loader]) == pictures(all_scenes[loader])
    assert set(pictures(small['train'])) <= set(pictures(all_scenes['train']))
