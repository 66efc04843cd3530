from plugins.engine.wording import counted


def test_one_is_singular_and_others_are_plural():
    assert [counted(n, 'picture') for n in (0, 1, 2)] == ['0 pictures', '1 picture', '2 pictures']
    assert [counted(n, 'batch', 'batches') for n in (1, 3)] == ['1 batch', '3 batches']
