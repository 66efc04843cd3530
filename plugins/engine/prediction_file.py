"""Write every prediction of a test into a file."""
from pathlib import Path
from typing import Any

from mmengine.evaluator import DumpResults
from mmengine.fileio import dump
from mmengine.registry import METRICS

from .files import replacing


@METRICS.register_module()
class PredictionFile(DumpResults):
    """mmengine's DumpResults, which would leave half a file on a full disk."""

    default_prefix = ''

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Write the file, in the main process."""
        with replacing(Path(self.out_file_path)) as partial:
            dump(results, partial, 'pkl')
        return {}
