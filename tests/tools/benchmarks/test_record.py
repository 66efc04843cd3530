import json

from tools.benchmarks.record import Case


def test_ratios_are_of_medians_against_the_fastest_and_ranges_of_rounds():
    case = Case('toy', 'what', {'ours': [1., 2., 9.], 'stock, 0 workers': [8., 9., 10.],
                                'stock, 2 workers': [4., 5., 6.]})
    case.compare('ours', 'stock', 'ours / stock')
    assert case.figures == [dict(name='ours / stock', value=2.5, range=[6 / 9, 4.])]
    case.add('seconds', 3.)
    case.split = dict(data=.25, engine=.5)
    record = json.loads(json.dumps(case.record()))
    assert record['variants']['ours'] == dict(seconds=[1., 2., 9.], median=2.)
    assert record['figures'][1] == dict(name='seconds', value=3., range=None)
    assert record['split'] == case.split
    assert '  ours: 2,000 ms (1,000 to 9,000)\n' in str(case)
    assert '  ours / stock: 2.5 (0.667 to 4)\n' in str(case)
