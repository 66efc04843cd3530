"""Label files: what is read, what is accepted, what is rejected and how.

The ways in which whole data sets come broken are in test_broken_labels.py.
"""
import pytest

from plugins.detection.kitti_label import read_labels

# A line as KITTI writes it (of its frame 000007), and a region that nobody labelled.
CAR = ('Car 0.00 1 1.85 387.63 181.54 423.81 203.12 1.67 1.87 3.69 -16.53 2.39 58.49 1.57')
DONT_CARE = 'DontCare -1 -1 -10 503.89 169.71 590.61 190.13 -1 -1 -1 -1000 -1000 -1000 -10'


def read(tmp_path, content: str):
    path = tmp_path / '000007.txt'
    path.write_text(content)
    return read_labels(path)


def with_field(index: int, value: str, line: str = CAR) -> str:
    fields = line.split()
    fields[index] = value
    return ' '.join(fields)


def test_every_field_goes_to_its_place(tmp_path):
    car, region = read(tmp_path, f'{CAR}\n{DONT_CARE}\n')
    assert (car.type, car.truncated, car.occluded, car.alpha) == ('Car', 0.0, 1, 1.85)
    assert car.bbox == (387.63, 181.54, 423.81, 203.12)
    assert (car.line, region.line) == (1, 2)
    assert (region.type, region.occluded) == ('DontCare', -1)


@pytest.mark.parametrize('content', [f'{CAR}\n{CAR}\n\n \n', f'{CAR}\n{CAR}'],
                         ids=['blank lines at the end', 'no line end'])
def test_accepted_forms(tmp_path, content):
    assert [item.type for item in read(tmp_path, content)] == ['Car', 'Car']


@pytest.mark.parametrize('line, found', [
    (with_field(7, '181.54'), 'y1 = 181.54, y2 = 181.54'),
    (with_field(2, '4'), 'occluded = 4'),
    (with_field(2, '-1'), 'occluded = -1 for Car'),
    (with_field(2, '0.5'), 'occluded = 0.5'),
    (with_field(1, '1.2'), 'truncated = 1.2'),
])
def test_a_broken_line_is_named(tmp_path, line, found):
    with pytest.raises(ValueError) as error:
        read(tmp_path, f'{DONT_CARE}\n{line}\n{CAR}\n')
    message = str(error.value)
    assert f'{tmp_path / "000007.txt"}:2: found {found}' in message
    assert 'expected' in message and 'Correct this line' in message
