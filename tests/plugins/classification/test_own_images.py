"""Configs for a user's pictures: they load, and their lengths and batches fit the number."""
import numpy as np
import pytest
from PIL import Image

from plugins.classification.own_images import (
    RECIPES,
    OwnImages,
    find_images,
    write_configs,
    write_winner,
)
from plugins.engine.session import load_config


def make(folder, counts, start=0):
    """Class folders of so many small pictures, no two of one colour."""
    for label, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for place in range(count):
            colour = (start + 40 * label % 256, place % 256, place // 256)
            Image.new('RGB', (8, 8), colour).save(folder / name / f'{place:04}.png')
    return folder


@pytest.mark.parametrize('counts', [{'a': 15, 'b': 15}, {'a': 21, 'b': 20}, {'a': 9, 'b': 2}])
def test_no_batch_has_one_image_and_no_run_few_steps(counts, tmp_path):
    own = find_images(make(tmp_path / 'images', counts))
    recipes = write_configs(own, tmp_path / 'configs', 5, 0)
    assert list(recipes) == list(RECIPES)
    for name, path in recipes.items():
        cfg = load_config(str(path))
        folds = cfg.train_dataloader.dataset.folds
        assert folds.number == min(5, *counts.values())
        images, size = sum(counts.values()), cfg.train_dataloader.batch_size
        tested = images / folds.number
        trained = {images, *range(int(images - tested) - 1, int(images - tested) + 2)}
        assert all(number % size != 1 for number in trained & {images, images - round(tested)})
        steps = cfg.train_cfg.max_epochs * np.ceil((images - tested) / size)
        assert steps >= RECIPES[name].steps[0] and cfg.val_dataloader is None
        weighted = 'class_weight' in cfg.model.head.get('loss', {})
        assert weighted == (counts == {'a': 9, 'b': 2}) and cfg.model.head.num_classes == 2


def test_length_is_bounded_by_steps():
    recipe = RECIPES['finetune']
    assert recipe.length(48, 16) == 14  # 42 steps: at least 40
    assert recipe.length(800, 16) == 5 and recipe.length(16000, 16) == 1


def test_held_out_images_are_tested_once_all_others_trained_on(tmp_path):
    make(tmp_path / 'images/train', {'ä ö': 4, 'b': 4})
    make(tmp_path / 'images/test', {'ä ö': 2, 'b': 2}, start=7)
    own = find_images(tmp_path / 'images')
    recipes = write_configs(own, tmp_path / 'configs', 2, 0)
    cfg = load_config(str(write_winner(own, recipes['linear'], 'winner')))
    assert cfg.train_dataloader.dataset.part == 'all' and not cfg.train_dataloader.dataset.folds
    assert cfg.test_dataloader.dataset.source.data_root.endswith('images/test')
    without = OwnImages(own.place, own.source)
    assert load_config(str(write_winner(without, recipes['fc'], 'w2'))).test_dataloader is None


def test_equal_pictures_are_in_one_fold(tmp_path):
    own = find_images(make(tmp_path / 'images', {'a': 4, 'b': 4}))
    write_configs(own, tmp_path / 'configs', 2, 0, [['a/0000.png', 'a/0002.png']])
    rows = (tmp_path / 'configs/groups.csv').read_text().splitlines()
    assert rows[:4] == ['image,group', 'a/0000.png,a/0000.png', 'a/0001.png,a/0001.png',
                        'a/0002.png,a/0000.png']
    cfg = load_config(str(tmp_path / 'configs/linear.py'))
    assert cfg.train_dataloader.dataset.folds.groups == str(tmp_path / 'configs/groups.csv')


@pytest.mark.parametrize('counts, message', [
    ({'a': 3}, 'has one class, a, of which every answer is right'),
    ({'a': 3, 'b': 1}, "class 'b' has 1 image, expected at least 2"),
    ({f'c{number}': 1 for number in range(30)}, "class 'c0' has 1 image"),
    ({'a': 3, 'b': 0}, 'b: no images in this class folder'),
    ({}, 'no class folders in it')])
def test_an_unusable_folder_is_one_sentence(counts, message, tmp_path):
    (tmp_path / 'images').mkdir()
    with pytest.raises((ValueError, OSError), match=message):
        write_configs(find_images(make(tmp_path / 'images', counts)), tmp_path / 'c', 5, 0)


def test_other_layouts_are_one_sentence(tmp_path):
    make(tmp_path / 'images/train', {'a': 2, 'b': 2})
    make(tmp_path / 'images/test', {'a': 2, 'c': 2})
    with pytest.raises(ValueError, match='the classes in train/ and test/ differ: b, c'):
        find_images(tmp_path / 'images')
    (tmp_path / 'note.txt').write_text('x')
    with pytest.raises(ValueError, match='note.txt: expected a folder of class folders, or a CSV'):
        find_images(tmp_path / 'note.txt')
