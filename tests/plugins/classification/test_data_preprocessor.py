"""BatchDataPreprocessor: what a model gets, in training and evaluation."""
import pytest
import torch
from mmpretrain.structures import DataSample
from torchvision.transforms.v2 import functional as tv

from plugins.classification.data_preprocessor import BatchDataPreprocessor

CIFAR = {'mean': [125.3, 123., 113.9], 'std': [63., 62.1, 66.7]}
KERAS_B4 = [
    {'type': 'RandomRotation', 'degrees': 20}, {'type': 'RandomShift', 'width': .1, 'height': .1},
    {'type': 'RandomZoom', 'zoom_range': .2}, {'type': 'RandomFlip', 'prob': .5}]
AUG_A = [
    {'type': 'Resize', 'size': 64}, {'type': 'RandomRotation', 'degrees': 5},
    {'type': 'RandomFlip', 'prob': .5}, {'type': 'RandomCrop', 'size': 64, 'padding': 10}]
AUG_A_PLUS = [*AUG_A, {'type': 'RandomAffine', 'degrees': 0, 'shear': 10, 'scale': (.8, 1.2)}]
JITTER = [{'type': 'ColorJitter', 'brightness': .2, 'contrast': .2, 'saturation': .2}]


def images(batch=4, size=32):
    return torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8,
                         generator=torch.Generator().manual_seed(0))


def samples(labels):
    return [DataSample().set_gt_label(label) for label in labels]


def normalized(inputs):
    mean, std = (torch.tensor(CIFAR[key]).view(1, 3, 1, 1) for key in ('mean', 'std'))
    return (inputs.float() - mean) / std


@pytest.mark.parametrize('training', [True, False])
def test_without_geometry_the_result_is_the_formula_to_the_last_bit(training):
    found = BatchDataPreprocessor(**CIFAR)({'inputs': images()}, training)
    assert found['inputs'].dtype == torch.float32
    assert torch.equal(found['inputs'], normalized(images()))
    assert found['data_samples'] is None
    plain = BatchDataPreprocessor()({'inputs': images()}, training)['inputs']
    assert torch.equal(plain, images().float())


def test_evaluation_uses_its_own_geometry_and_no_randomness():
    processor = BatchDataPreprocessor(
        **CIFAR, input_size=64, train_geometry=AUG_A_PLUS, color=JITTER,
        eval_geometry=[{'type': 'Resize', 'size': 64}], fill=0)
    wanted = normalized(tv.resize(images().float(), [64], antialias=True))
    state = torch.get_rng_state()
    for _ in range(2):
        assert torch.equal(processor({'inputs': images()}, False)['inputs'], wanted)
    assert torch.equal(state, torch.get_rng_state())


def test_training_augments_each_time_anew_and_repeats_under_a_seed():
    processor = BatchDataPreprocessor(**CIFAR, train_geometry=KERAS_B4, color=JITTER)

    def run(seed=None):
        if seed is not None:
            torch.manual_seed(seed)
        return processor({'inputs': images()}, True)['inputs']

    first, second, again, other = run(1), run(), run(1), run(2)
    assert torch.equal(first, again)
    assert not torch.equal(first, second) and not torch.equal(first, other)


def test_colour_comes_between_geometry_and_normalisation():
    """Brightness 2 of a mid-grey is white; fill outside is jittered too, as in torchvision."""
    processor = BatchDataPreprocessor(
        **CIFAR, color=[{'type': 'ColorJitter', 'brightness': (2., 2.)}], fill=40,
        train_geometry=[{'type': 'RandomCrop', 'size': 12, 'padding': 2}])
    found = processor({'inputs': torch.full((1, 3, 8, 8), 200, dtype=torch.uint8)}, True)['inputs']
    white, rim = (normalized(torch.full((1, 3, 1, 1), value)) for value in (255., 80.))
    torch.testing.assert_close(found[..., 2:-2, 2:-2], white.expand(-1, -1, 8, 8))
    torch.testing.assert_close(found[..., :1, :1], rim)


def test_bgr_is_the_normalised_image_with_channels_reversed():
    """Caffe's order for report D: mean and std stay listed as R, G, B."""
    found = BatchDataPreprocessor(**CIFAR, to_bgr=True)({'inputs': images()}, False)['inputs']
    assert torch.equal(found[:, [2, 1, 0]], normalized(images()))


@pytest.mark.parametrize('geometry', [[], [{'type': 'CenterCrop', 'size': 20}], KERAS_B4])
@pytest.mark.parametrize('color', [[], JITTER])
def test_the_datasets_own_memory_is_never_changed(geometry, color):
    for inputs in (images(), images().float()):
        before = inputs.clone()
        for training in (True, False):
            processor = BatchDataPreprocessor(
                **CIFAR, train_geometry=geometry, color=color,
                eval_geometry=[] if geometry is KERAS_B4 else geometry)
            processor({'inputs': inputs}, training)
            assert torch.equal(inputs, before)


def test_float_inputs_give_what_uint8_gives():
    processor = BatchDataPreprocessor(**CIFAR, train_geometry=KERAS_B4)
    results = []
    for inputs in (images(), images().float(), images().double()):
        torch.manual_seed(0)
        results.append(processor({'inputs': inputs}, True)['inputs'])
    assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])
    assert results[2].dtype == torch.float32


def test_autocast_around_it_changes_nothing():
    """Coordinates in bfloat16 would be off by a pixel."""
    processor = BatchDataPreprocessor(**CIFAR, train_geometry=AUG_A_PLUS, color=JITTER)
    torch.manual_seed(0)
    wanted = processor({'inputs': images()}, True)['inputs']
    torch.manual_seed(0)
    with torch.autocast('cpu', torch.bfloat16):
        found = processor({'inputs': images()}, True)['inputs']
    assert found.dtype == torch.float32 and torch.equal(found, wanted)


def test_nothing_is_read_back_from_the_device():
    """A meta tensor has no values: any .item() or branch on one raises. Labels follow."""
    processor = BatchDataPreprocessor(
        **CIFAR, train_geometry=[*KERAS_B4, {'type': 'RandomShear', 'shear_range': 5}, *AUG_A_PLUS,
                                 {'type': 'CenterCrop', 'size': 60}],
        color=JITTER, to_bgr=True, fill=3).to('meta')
    found = processor({'inputs': images(), 'data_samples': samples([3, 1, 4, 1])}, True)
    assert found['inputs'].is_meta and found['inputs'].shape == (4, 3, 60, 60)
    assert all(s.gt_label.is_meta and s.gt_label.shape == (1,) for s in found['data_samples'])


def test_samples_without_labels_follow_to_the_device():
    given = [DataSample().set_gt_score(torch.tensor([.5, .5])) for _ in range(4)]
    found = BatchDataPreprocessor().to('meta')({'inputs': images(), 'data_samples': given}, True)
    assert all(sample.gt_score.is_meta for sample in found['data_samples'])


def test_normalization_is_saved_and_the_checkpoints_wins():
    """Row B3: figures fitted to the training set must be there when testing."""
    fitted = BatchDataPreprocessor()
    fitted.set_normalization(torch.tensor(CIFAR['mean']), CIFAR['std'])
    fresh = BatchDataPreprocessor(mean=[0, 0, 0], std=[255, 255, 255])
    fresh.load_state_dict(fitted.state_dict(), strict=True)
    assert torch.equal(fresh({'inputs': images()}, False)['inputs'], normalized(images()))


def test_batch_augments_mix_images_and_scores():
    """CutMix and MixUp are mmpretrain's; the mixing weight shows in images and scores alike."""
    processor = BatchDataPreprocessor(
        batch_augments={'augments': {'type': 'Mixup', 'alpha': 1.}}, num_classes=5)
    inputs = torch.stack([torch.full((3, 4, 4), value) for value in (0, 100, 200)]).byte()
    given = samples([0, 2, 4])
    found = processor({'inputs': inputs, 'data_samples': given}, True)
    for image, sample in zip(found['inputs'], found['data_samples'], strict=True):
        assert sample.gt_score.sum() == pytest.approx(1)
        mixed = (sample.gt_score * torch.tensor([0., 0, 100, 0, 200])).sum()
        torch.testing.assert_close(image, mixed.expand(3, 4, 4), atol=1e-3, rtol=0)
    assert 'gt_score' not in given[0], 'the dataset may hand out the same samples again'
    evaluated = processor({'inputs': inputs, 'data_samples': given}, False)
    assert torch.equal(evaluated['inputs'], inputs.float())
    assert 'gt_score' not in evaluated['data_samples'][0]


def test_another_size_than_the_networks_is_rejected():
    for size in (224, (64, 60)):
        processor = BatchDataPreprocessor(input_size=size, train_geometry=AUG_A)
        with pytest.raises(ValueError, match=r'input_size=.*, but train_geometry makes \(64, 64\) '
                           r'\(height, width\) of images of \(32, 32\)'):
            processor({'inputs': images()}, True)


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'mean': [1., 2.]}, r'mean=\[1\.0, 2\.0\], expected 3 finite numbers'),
    ({'std': [1., 0., 1.]}, r'std=\[1\.0, 0\.0, 1\.0\], expected 3 numbers above 0'),
    ({'mean': [1., float('nan'), 2.]}, r'mean=.*expected 3 finite'),
    ({'input_size': '224'}, r"input_size='224', expected"),
    ({'eval_geometry': KERAS_B4}, r'eval_geometry: .*expected no random step'),
    ({'train_geometry': [{'type': 'Rot'}]}, r"train_geometry: type='Rot', expected one of"),
    ({'eval_geometry': [{'type': 'Rot'}]}, r"eval_geometry: type='Rot', expected one of"),
    ({'color': [{'type': 'Rot'}]}, r"color: type='Rot', expected one of"),
    ({'fill': 'edge'}, r"fill='edge', expected 'nearest' or a number"),
    ({'batch_augments': {'augments': {'type': 'Mixup', 'alpha': 1.}}}, r'num_classes=None'),
])
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchDataPreprocessor(**arguments)


@pytest.mark.parametrize(('inputs', 'found'), [
    (torch.zeros(3, 8, 8), r'\(3, 8, 8\)'), (torch.zeros(2, 1, 8, 8), r'\(2, 1, 8, 8\)'),
    ([torch.zeros(3, 8, 8)], 'list'),
])
def test_inputs_of_another_shape_are_named(inputs, found):
    with pytest.raises(ValueError, match=rf'inputs: {found}, expected one tensor B x 3 x H x W'):
        BatchDataPreprocessor()({'inputs': inputs}, True)


@pytest.mark.parametrize('training', [True, False])
def test_features_pass_as_they_are(training):
    features = torch.rand(2, 5)
    processor = BatchDataPreprocessor(**CIFAR, train_geometry=KERAS_B4, input_size=64)
    out = processor({'features': features, 'data_samples': samples([1, 2])}, training)
    assert isinstance(out['inputs'], tuple) and out['inputs'][0].equal(features)
    assert [sample.gt_label.item() for sample in out['data_samples']] == [1, 2]
