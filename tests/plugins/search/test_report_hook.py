from types import SimpleNamespace

from plugins.search.report_hook import TrialReportHook, reporting_to


def runner(epoch):
    return SimpleNamespace(epoch=epoch, train_loop=SimpleNamespace(stop_training=False),
                           logger=SimpleNamespace(info=lambda _: None))


def test_epochs_are_reported_until_told_to_end():
    hook, seen = TrialReportHook('loss'), []

    def report(epoch, value):
        seen.append((epoch, value))
        return epoch == 2
    with reporting_to(report):
        runs = [runner(1), runner(2)]
        for run in runs:
            hook.after_val_epoch(run, dict(loss=0.5 / run.epoch))
    assert seen == [(1, 0.5), (2, 0.25)]
    assert [run.train_loop.stop_training for run in runs] == [False, True]


def test_outside_of_a_search_it_does_nothing():
    run = runner(1)
    TrialReportHook('loss').after_val_epoch(run, {})
    assert not run.train_loop.stop_training
