#!/usr/bin/env bash
# From a bare machine to a trained and tested classifier and car detector, in one command.
#
# Makes the environment (once), sample data (once), trains both, tests both on images that training
# never saw, prints one table and writes one page about them. All its files are in data/sample
# and work_dirs/quickstart; runs in the latter are replaced each time, or continued if interrupted.
set -euo pipefail
. "$(dirname "$0")/make_env.sh"
cd "$root"

out=work_dirs/quickstart
digits=configs/basenet/basenet-residual_scratch_1xb64-20e_digits-16px.py
roads=configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py

step() { printf '\n== %s\n' "$*"; }
how() { if [ -f "$1/last_checkpoint" ] && [ ! -f "$1/result.json" ]; then echo --resume; else echo --overwrite; fi; }
best() { find "$1" -maxdepth 1 -name 'best_*.pth'; }

[ -d data/sample/digits ] || "$python" tools/misc/make_sample_data.py data/sample --sets digits
[ -d data/sample/kitti ] ||
  "$python" tools/misc/make_sample_data.py data/sample --sets kitti --size kitti=480

step "1 of 2: BaseNet on handwritten digits"
"$python" tools/train.py "$digits" --work-dir "$out/digits" "$(how "$out/digits")" --amp
"$python" tools/test.py "$digits" "$(best "$out/digits")"

step "2 of 2: YOLOv3 on drawn road scenes"
rm -rf "$out/detections"  # the pictures of an earlier quick start
"$python" tools/train.py "$roads" --work-dir "$out/roads" "$(how "$out/roads")" --amp
"$python" tools/test.py "$roads" "$(best "$out/roads")" --show-dir "$out/detections"

step "Results"
"$python" tools/analysis_tools/compare_runs.py "$out/digits" "$out/roads"
echo "Pictures: $out/digits/test/confusion_matrix.png and $out/detections/"
"$python" tools/report.py "$out/digits" "$out/roads" -o "$out/report.html" --overwrite \
  --title "Quick start" --detections 6
echo "Open $out/report.html in a browser: both runs with curves, confusions and pictures"
