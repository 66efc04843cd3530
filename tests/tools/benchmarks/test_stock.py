import numpy as np
import pytest
import torch

from tools.benchmarks.stock import FLIP, PACK, StoredImages, stock_model, store_images


def test_samples_are_the_stored_images_one_by_one(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 6), np.uint8)
    store_images(tmp_path, images, np.arange(5))
    dataset = StoredImages(str(tmp_path), pipeline=[PACK])
    assert len(dataset) == 5 and len(StoredImages(str(tmp_path), pipeline=[], indices=2)) == 2
    for number in range(5):
        sample = dataset[number]
        assert torch.equal(sample['inputs'], torch.from_numpy(images[number]))
        assert sample['data_samples'].gt_label.tolist() == [number]
    mirrored = StoredImages(str(tmp_path), pipeline=[dict(FLIP, prob=1.), PACK])[0]['inputs']
    assert torch.equal(mirrored, torch.from_numpy(images[0]).flip(2))


def test_the_network_stays_and_the_rest_is_mmpretrains():
    ours = dict(type='TransferClassifier', backbone=dict(type='ResNet', depth=18),
                data_preprocessor=dict(type='BatchDataPreprocessor'))
    assert stock_model(ours, [1, 2, 3], [4, 5, 6]) == dict(
        type='ImageClassifier', backbone=dict(type='ResNet', depth=18), data_preprocessor=dict(
            type='ClsDataPreprocessor', mean=[1, 2, 3], std=[4, 5, 6], to_rgb=False))
    with pytest.raises(ValueError, match="trainable=\\['head'\\]"):
        stock_model(dict(ours, trainable=['head']), [0] * 3, [1] * 3)
