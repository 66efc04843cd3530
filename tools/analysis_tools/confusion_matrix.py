"""Draw the confusion matrix of a classifier's predictions.

    python tools/test.py CONFIG CHECKPOINT --out preds.pkl
    python tools/analysis_tools/confusion_matrix.py CONFIG preds.pkl --show-path matrix.png
"""
import argparse
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main(argv: Sequence[str] | None = None) -> None:
    """Read the predictions, draw the matrix, and print each class's accuracy.

    Args:
        argv: Arguments as on the command line; None takes the process's own.
    """
    parser = argparse.ArgumentParser(description='Draw a confusion matrix.')
    parser.add_argument('config', help='config file; its test set names the classes')
    parser.add_argument('predictions', help='what tools/test.py --out wrote')
    parser.add_argument('--show-path', required=True, help='picture to write, e.g. matrix.png')
    args = parser.parse_args(argv)
    for path in (args.config, args.predictions):
        if not Path(path).is_file():
            parser.error(f'{path}: no such file')

    import torch
    from mmengine.config import Config

    cfg = Config.fromfile(args.config)
    from mmpretrain.evaluation import ConfusionMatrix
    from mmpretrain.registry import DATASETS

    try:
        samples = pickle.loads(Path(args.predictions).read_bytes())
    except pickle.UnpicklingError as error:
        raise ValueError(f'{args.predictions}: expected what tools/test.py --out writes, found '
                         f'something else ({error})') from error
    classes = DATASETS.build(cfg.test_dataloader.dataset).metainfo['classes']
    matrix = ConfusionMatrix.calculate(
        torch.stack([s['pred_score'] for s in samples]),
        torch.cat([s['gt_label'] for s in samples]), num_classes=len(classes))
    figure = ConfusionMatrix.plot(matrix, show=False, classes=classes,
                                  include_values=len(classes) <= 30, colorbar=False)
    Path(args.show_path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.show_path, dpi=120, bbox_inches='tight')
    for name, row, right in zip(classes, matrix, matrix.diag(), strict=True):
        print(f'{name:>20}  {100 * right / row.sum():6.2f} %  of {int(row.sum())}')
    print(f'Drawn to {args.show_path}')


if __name__ == '__main__':
    from plugins.cli import run
    run(main)
