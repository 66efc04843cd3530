"""The steps against torchvision with the same drawn numbers, and the numbers they draw."""
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from plugins.classification.augmentation import BatchGeometry
from plugins.classification.augmentation.geometry import (
    CenterCrop,
    RandomAffine,
    RandomCrop,
    RandomFlip,
    Randomness,
    RandomRotation,
    Resize,
)
from plugins.classification.augmentation.keras import RandomShear, RandomShift, RandomZoom

BILINEAR = InterpolationMode.BILINEAR


def replay(step, drawn, image):
    """One step of one image (3 x H x W) by torchvision's functional ops."""
    value = {name: numbers.item() for name, numbers in drawn.items()}
    if isinstance(step, RandomFlip):
        mirror = tv.horizontal_flip if step.direction == 'horizontal' else tv.vertical_flip
        return mirror(image) if value['sign'] < 0 else image
    if isinstance(step, RandomRotation):
        return tv.rotate(image, value['angle'], BILINEAR)
    if isinstance(step, RandomAffine):
        return tv.affine(image, value['angle'], [value['x'], value['y']], value['scale'],
                         [value['shear'], 0.], BILINEAR)
    if isinstance(step, Resize):
        return tv.resize(image, list(step.out_size(image.shape[-2:])), BILINEAR, antialias=False)
    assert isinstance(step, RandomCrop)
    padded = tv.pad(image, [step.padding] * 4)
    top, left = (value[key] + (side - crop) / 2 for key, side, crop in
                 zip(('y', 'x'), padded.shape[-2:], step.size, strict=True))
    assert top == int(top) and left == int(left) and top >= 0 and left >= 0
    return tv.crop(padded, int(top), int(left), *step.size)


def replay_all(recipe, drawn, images):
    result = []
    for index, image in enumerate(images):
        for step, numbers in zip(recipe.steps, drawn, strict=True):
            image = replay(step, {name: n[index] for name, n in numbers.items()}, image)
        result.append(image)
    return torch.stack(result)


RANDOM_RESIZE = [{'type': 'Resize', 'size': (75, 90)}, {'type': 'RandomCrop', 'size': (75, 90)}]


@pytest.mark.parametrize(('steps', 'tolerance'), [
    # copies of pixels: to the last bit
    ([{'type': 'RandomFlip', 'prob': .5}], 0),
    ([{'type': 'RandomFlip', 'prob': .5, 'direction': 'vertical'}], 0),
    ([{'type': 'RandomCrop', 'size': (31, 40), 'padding': 4}], 0),
    ([{'type': 'RandomFlip', 'prob': .5}, {'type': 'RandomCrop', 'size': (30, 45), 'padding': 3},
      {'type': 'RandomFlip', 'prob': .5, 'direction': 'vertical'}], 0),
    # one resampling: float32 coordinates, 50 px * 2^-22 * a step of 255 at the fill's border
    ([{'type': 'RandomRotation', 'degrees': 60}], .02),
    ([{'type': 'RandomAffine', 'degrees': 0, 'shear': 30}], .02),
    ([{'type': 'RandomAffine', 'degrees': 0, 'translate': (.3, .2)}], .02),
    ([{'type': 'RandomAffine', 'degrees': (10, 50), 'translate': (.1, .3), 'scale': (.6, 1.4),
           'shear': (5, 25)}], .02),
    # a crop that cuts nothing makes it a random recipe: grid_sample enlarges
    (RANDOM_RESIZE, .02),
], ids=lambda value: '+'.join(s['type'] for s in value) if isinstance(value, list) else '')
def test_one_by_one_as_torchvision(steps, tolerance, recorded):
    images = torch.randint(0, 256, (8, 3, 37, 50), dtype=torch.uint8)
    recipe = BatchGeometry(steps, fill=0)
    drawn = recorded(recipe)
    torch.manual_seed(1)
    found = recipe(images)
    wanted = replay_all(recipe, drawn, images.float())
    assert found.dtype == torch.float32 and found.shape == wanted.shape
    assert (found - wanted).abs().max() <= tolerance


@pytest.mark.parametrize('steps', [
    [{'type': 'RandomFlip', 'prob': .5}],
    [{'type': 'RandomFlip', 'prob': 1., 'direction': 'vertical'},
     {'type': 'RandomCrop', 'size': (200, 150)}],
    [{'type': 'RandomRotation', 'degrees': 20}],
    [{'type': 'RandomCrop', 'size': 224, 'padding': 10}],
    [{'type': 'RandomAffine', 'degrees': 0, 'shear': 10, 'scale': (.8, 1.2)}],
    [{'type': 'RandomAffine', 'degrees': 0, 'translate': (.1, .1)}],
    [{'type': 'RandomRotation', 'degrees': 5}, {'type': 'RandomFlip', 'prob': .5},
     {'type': 'RandomCrop', 'size': 224, 'padding': 10}]],
    ids=lambda steps: '+'.join(step['type'] for step in steps))
@pytest.mark.parametrize('fill', [0, 90])
def test_an_enlarged_image_is_filled_where_torchvision_fills_it(steps, fill, recorded):
    """32 px at 224 px, plain 200: the rim to the last pixel, where a step moves nothing in too."""
    recipe = BatchGeometry([{'type': 'Resize', 'size': 224}, *steps], fill=fill)
    drawn = recorded(recipe)
    found = recipe(torch.full((4, 3, 32, 32), 200, dtype=torch.uint8))
    # torchvision with fill 0 shows the share of the image: 200 * share + fill * (1 - share)
    wanted = replay_all(recipe, drawn, torch.full((4, 3, 32, 32), 200.)) * (1 - fill / 200) + fill
    assert (found - wanted).abs().max() < .02  # float32 coordinates
    if steps[0]['type'] == 'RandomFlip':
        assert (wanted - 200).abs().max() < .001


@pytest.mark.parametrize('order', ['as listed', 'reversed'])
def test_composed_once_equals_one_by_one(order, smooth, recorded):
    """aug-A+ (EXPERIMENTS A8) of 48 px at 112 px: a chain resamples three times, we once.

    The wave is 112 px long after Resize, so two more resamplings in the chain
    err by 0.1 each; where Resize repeats the input's edge, they round off a
    kink of 3.4 per pixel: 1.2. A wrong order or direction errs by tens: the
    reversed replay shows it. Only where the chain mixes image and fill (a white
    image shows where) it differs more: it blurs this edge, one pixel wide, as well.
    """
    recipe = BatchGeometry([
        {'type': 'Resize', 'size': 112}, {'type': 'RandomRotation', 'degrees': (15, 25)},
        {'type': 'RandomFlip', 'prob': .5}, {'type': 'RandomCrop', 'size': 112, 'padding': 10},
        {'type': 'RandomAffine', 'degrees': 0, 'shear': (5, 10), 'scale': (1., 1.2)}], fill=0)
    drawn = recorded(recipe)
    images = smooth(6, 48, 48)
    torch.manual_seed(0)
    found = recipe(images)
    if order == 'reversed':
        recipe.steps[1:], drawn[1:] = recipe.steps[:0:-1], drawn[:0:-1]
    wanted = replay_all(recipe, drawn, images)
    white = replay_all(recipe, drawn, torch.full_like(images, 255.))
    rim = (white > .1) & (white < 254.9)
    error = (found - wanted).abs()
    if order == 'reversed':
        assert error[~rim].max() > 3
    else:
        assert (white < .1).float().mean() > .05
        assert rim.float().mean() < .04
        assert error[~rim].max() < 1.2 and error[~rim].quantile(.99) < .3
        assert error[rim].mean() < 12


def test_resize_by_shorter_side_keeps_the_aspect_ratio_as_torchvision():
    for size in ((37, 50), (50, 37), (41, 41)):
        image = torch.zeros(3, *size)
        assert Resize(224).out_size(size) == tuple(tv.resize(image, [224]).shape[-2:])
    assert Resize((10, 20)).out_size((37, 50)) == (10, 20)


def draws(step, size=(40, 60), batch=20000):
    torch.manual_seed(3)
    return step.draw(size, Randomness(batch, torch.device('cpu')))


@pytest.mark.parametrize(('step', 'key', 'low', 'high'), [
    (RandomRotation(20), 'angle', -20, 20),
    (RandomRotation((5, 6)), 'angle', 5, 6),
    (RandomAffine(0, shear=10), 'shear', -10, 10),
    (RandomAffine(0, scale=(.8, 1.2)), 'scale', .8, 1.2),
    (RandomAffine(0, translate=(.1, .2)), 'x', -6, 6),
    (RandomAffine(0, translate=(.1, .2)), 'y', -8, 8),
    (RandomZoom(.2), 'x_zoom', .8, 1.2), (RandomZoom(.2), 'y_zoom', .8, 1.2),
    (RandomZoom((.5, .9)), 'x_zoom', .5, .9),
    (RandomShift(width=.1), 'x', -6, 6), (RandomShift(height=.1), 'y', -4, 4),
    (RandomShear(10), 'angle', -10, 10),
])
def test_draws_fill_the_documented_range_evenly(step, key, low, high):
    """Uniform: mean within 5 standard errors of 20 000 draws, standard deviation width / sqrt(12).

    (2 % for the deviation: shifts are rounded to whole pixels, as in torchvision.)
    """
    drawn = draws(step)[key]
    assert low <= drawn.min() and drawn.max() <= high
    width = high - low
    assert drawn.max() - drawn.min() > .99 * width
    assert abs(drawn.mean() - (low + high) / 2) < 5 * width / 12 ** .5 / 20000 ** .5
    assert drawn.std() == pytest.approx(width / 12 ** .5, rel=.02)


def test_padded_crop_takes_every_whole_offset_equally_often():
    drawn = draws(RandomCrop((41, 60), padding=10))
    offsets, counts = drawn['x'].unique(return_counts=True)
    assert offsets.tolist() == list(range(-10, 11))
    # binomial: 952 a place, 5 standard deviations
    assert (counts - 20000 / 21).abs().max() < 5 * (20000 / 21) ** .5
    # an odd difference of sides: window and image centres are half a pixel apart
    assert drawn['y'].unique().tolist() == [offset - 9.5 for offset in range(20)]


def test_affine_translates_by_whole_pixels_as_torchvision():
    drawn = draws(RandomAffine(0, translate=(.1, .2)))
    assert drawn['x'].unique().tolist() == list(range(-6, 7))
    assert drawn['y'].unique().tolist() == list(range(-8, 9))


def test_axes_are_independent():
    assert not draws(RandomShift(width=.1))['y'].any()
    assert not draws(RandomShift(height=.1))['x'].any()
    zooms = draws(RandomZoom(.2))
    correlation = torch.corrcoef(torch.stack((zooms['x_zoom'], zooms['y_zoom'])))[0, 1]
    assert abs(correlation) < 5 / 20000 ** .5


@pytest.mark.parametrize('prob', [0.5, 0.1, 1.])
def test_share_of_flips(prob):
    flipped = (draws(RandomFlip(prob))['sign'] < 0).float().mean()
    assert abs(flipped - prob) <= 5 * (prob * (1 - prob) / 20000) ** .5


@pytest.mark.parametrize('sides', [((33, 50), 20), ((32, 51), (31, 24)), ((7, 8), 5)])
def test_center_crop_takes_torchvisions_window(sides):
    size, crop = sides
    images = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)
    wanted = tv.center_crop(images, [crop] if isinstance(crop, int) else list(crop)).float()
    alone = BatchGeometry([{'type': 'CenterCrop', 'size': crop}])
    flip = {'type': 'RandomFlip', 'prob': 1.}
    composed = BatchGeometry([flip, flip, {'type': 'CenterCrop', 'size': crop}])
    assert torch.equal(alone(images), wanted)
    assert torch.equal(composed(images), wanted)


def test_center_crop_does_not_pad():
    with pytest.raises(ValueError, match=r'CenterCrop: size=\(40, 40\).*\(32, 50\)'):
        CenterCrop(40).out_size((32, 50))


@pytest.mark.parametrize('step', [
    RandomRotation(0), RandomFlip(0.), RandomAffine(0), RandomZoom(0), RandomShift(0, 0),
    RandomShear(0), RandomAffine(0, translate=(0, 0), scale=(1, 1), shear=0)])
def test_a_step_that_is_off_is_inactive(step):
    assert not step.active


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: RandomFlip(prob=1.5), r'RandomFlip: prob=1\.5, expected a number in \[0, 1\]'),
    (lambda: RandomFlip(prob=True), r'RandomFlip: prob=True'),
    (lambda: RandomFlip(direction='left'), r"direction='left', expected 'horizontal' or"),
    (lambda: RandomRotation(-5), r'RandomRotation: degrees=-5, expected a number in \[0, 180\]'),
    (lambda: RandomRotation((20, 10)), r'degrees=\(20, 10\), expected two numbers'),
    (lambda: RandomRotation(float('nan')), r'degrees=nan'),
    (lambda: RandomAffine(0, scale=(0, 1)), r'RandomAffine: scale=\(0, 1\)'),
    (lambda: RandomAffine(0, shear=95), r'RandomAffine: shear=95'),
    (lambda: RandomAffine(0, translate=.1), r'translate=0\.1, expected two numbers'),
    (lambda: RandomAffine(0, translate=(.1, 1.1)), r'translate=1\.1'),
    (lambda: RandomCrop(0), r'RandomCrop: size=0, expected a positive whole number'),
    (lambda: RandomCrop((8, 8, 8)), r'size=\(8, 8, 8\)'),
    (lambda: RandomCrop(8, padding=-1), r'padding=-1, expected a whole number of at least 0'),
    (lambda: Resize(32.), r'Resize: size=32\.0'),
    (lambda: RandomZoom(1.2), r'RandomZoom: zoom_range=1\.2, expected a number in \[0, 0\.99\]'),
    (lambda: RandomZoom((1.2, .8)), r'RandomZoom: zoom_range=\(1\.2, 0\.8\)'),
    (lambda: RandomShift(width=3), r'RandomShift: width=3, expected a number in \[0, 1\]'),
    (lambda: RandomShift(height=-.1), r'RandomShift: height=-0\.1'),
    (lambda: RandomShear(90), r'RandomShear: shear_range=90'),
])
def test_wrong_values_name_key_found_and_expected(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_crop_larger_than_the_padded_image_names_both_sizes():
    recipe = BatchGeometry([{'type': 'RandomCrop', 'size': 40, 'padding': 2}])
    with pytest.raises(ValueError, match=r'size=\(40, 40\).*\(32, 32\).*padding 2'):
        recipe(torch.zeros(1, 3, 32, 32))
