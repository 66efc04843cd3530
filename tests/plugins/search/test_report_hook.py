from types import SimpleNamespace

from plugins.search.report_hook import TrialReportHook, reporting_to


def test_epochs_of_a_search_are_reported_until_told_to_end():
    hook, seen = TrialReportHook('loss'), []

    def report(epoch, value):
        seen.append((epoch, value))
        return epoch == 2
    runs = [SimpleNamespace(epoch=epoch, train_loop=SimpleNamespace(stop_training=False),
                            logger=SimpleNamespace(info=lambda _: None)) for epoch in (1, 2)]
    hook.after_val_epoch(runs[0], {})  # outside of a search
    with reporting_to(report):
        for run in runs:
            hook.after_val_epoch(run, dict(loss=0.5 / run.epoch))
    assert seen == [(1, 0.5), (2, 0.25)]
    assert [run.train_loop.stop_training for run in runs] == [False, True]
