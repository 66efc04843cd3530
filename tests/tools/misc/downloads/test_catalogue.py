from tools.misc.downloads.catalogue import DATA_SETS


def test_the_figures_are_those_of_the_reports():
    def total(name, pattern=''):
        return sum(count for key, count in DATA_SETS[name].counts.items() if pattern in key)
    # EXPERIMENTS.md: D, E, B; KITTI's and CIFAR's own pages
    assert total('flower_photos') == 3670
    assert (total('mit_split', 'train/'), total('mit_split', 'test/')) == (1881, 807)
    assert DATA_SETS['cub200'].counts['images/*/*.jpg'] == 6033
    assert set(DATA_SETS['kitti'].counts.values()) == {7481}


def test_each_set_has_an_address_or_instructions_and_a_checksum():
    for name, data_set in DATA_SETS.items():
        assert all(archive.url for archive in data_set.archives) != bool(data_set.by_hand), name
        assert data_set.digest or all(len(archive.sha256) == 64 for archive in data_set.archives)
