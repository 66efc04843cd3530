import io

import numpy as np
import pytest

from plugins.visualization.charts import draw_classes, draw_confusion, draw_curves, draw_f1, draw_pr

NONE = dict(score=[], precision=[], recall=[], f1=[])
CURVE = dict(score=[0.9, 0.5, 0.2], precision=[1., 0.8, 0.6], recall=[0.2, 0.8, 0.9],
             f1=[1 / 3, 0.8, 0.72])


def entry(epoch, accuracy=50., lr=0.1, **metrics):
    return dict(epoch=epoch, train={'loss': 2. / epoch, 'accuracy/top1': accuracy + 9, 'lr': lr},
                metrics={'accuracy/top1': accuracy, 'loss': 3. / epoch, **metrics})


def lines(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_curves_show_loss_of_both_parts_accuracy_and_lr_over_epochs():
    loss, accuracy, lr = draw_curves([entry(1), entry(2, 60.)], best_epoch=2).axes
    drawn = lines(loss)
    assert drawn['training'] == [[1, 2], [2, 1]] and drawn['validation'] == [[1, 3], [2, 1.5]]
    assert lines(accuracy)['validation'] == [[1, 50], [2, 60]]
    assert lines(accuracy)['training'] == [[1, 59], [2, 69]]
    assert lines(lr)['training'] == [[1, 0.1], [2, 0.1]]
    assert loss.lines[-1].get_xdata()[0] == 2  # the best epoch
    assert [axes.get_title() for axes in (loss, accuracy, lr)] == [
        'loss', 'accuracy, %', 'learning rate']


def test_a_detectors_curves_join_the_epochs_that_were_validated():
    history = [dict(epoch=1, metrics={'coco/bbox_mAP_50': 0.1}),
               dict(epoch=2, train=dict(loss=6.), metrics={}),
               dict(epoch=3, train=dict(loss=5., lr=1e-3), metrics={'coco/bbox_mAP_50': 0.3})]
    loss, ap, _ = draw_curves(history).axes
    assert ap.get_title() == 'AP50' and lines(ap)['validation'] == [[1, 0.1], [3, 0.3]]
    assert lines(loss)['training'] == [[2, 6], [3, 5]] and 'validation' not in lines(loss)
    assert draw_curves([dict(epoch=1, metrics={})]).axes  # nothing to draw, and no error


def test_bars_are_accuracies_and_a_class_without_images_has_none():
    axes = draw_classes({'cat': dict(images=8, accuracy=75., precision=60., f1=66.),
                         'owl': dict(images=0, accuracy=None, precision=None, f1=None)}).axes[0]
    assert axes.patches[0].get_width() == 75 and np.isnan(axes.patches[1].get_width())
    assert [label.get_text() for label in axes.get_yticklabels()] == ['cat (8)', 'owl (0)']
    assert axes.lines[0].get_xdata()[0] == 60 and axes.lines[1].get_xdata()[0] == 66


def test_f1_and_precision_of_a_class_and_of_one_without_a_hit():
    axes = draw_f1(dict(car=CURVE)).axes[0]
    assert axes.get_legend_handles_labels()[1] == ['car 0.80 at 0.50']
    assert axes.lines[1].get_xydata().tolist() == [[0.5, pytest.approx(0.8)]]
    assert draw_f1(dict(bus=NONE)).axes
    axes = draw_pr(dict(car=CURVE, bus=NONE)).axes[0]
    assert lines(axes)['car'] == [[0.2, 1], [0.8, 0.8], [0.9, 0.6]]


def test_cells_hold_numbers_and_the_colour_is_the_share_of_the_true_class():
    matrix = np.array([[7, 3, 0], [1, 0, 5], [0, 0, 0]])
    axes = draw_confusion(['cat', 'dog', 'owl'], matrix).axes[0]
    assert {tuple(map(round, text.get_position())): text.get_text() for text in axes.texts} == {
        (0, 0): '7', (1, 0): '3', (0, 1): '1', (2, 1): '5'}  # (column, row)
    assert np.asarray(axes.images[0].get_array()) == pytest.approx(
        np.array([[0.7, 0.3, 0], [1 / 6, 0, 5 / 6], [0, 0, 0]]))
    assert [label.get_text() for label in axes.get_yticklabels()] == ['cat', 'dog', 'owl']
    many = draw_confusion([f'{k:03}' for k in range(60)], np.eye(60, dtype=int))
    assert not many.axes[0].texts and many.get_size_inches().max() <= 24


def test_a_legend_hides_no_class():
    legend = draw_pr({'_background': CURVE, 'a$x$b': CURVE}).axes[0].get_legend()
    assert [text.get_text().strip() for text in legend.get_texts()] == ['_background', r'a\$x\$b']


def test_a_long_name_leaves_room_for_the_chart(recwarn):
    figure = draw_confusion(['a' * 200, 'b'], np.eye(2))
    figure.savefig(io.BytesIO())
    assert not recwarn.list
    assert figure.axes[0].get_yticklabels()[0].get_text() == f'{"a" * 30}...{"a" * 7}'
