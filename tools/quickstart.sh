#!/usr/bin/env bash
# From a bare machine to a trained and tested classifier and car detector, in one command.
#
# Makes the environment (once), sample data (once), trains both, tests both on images that training
# never saw, prints one table and writes one page about them. The classifier has few digits to learn
# from: are features of ImageNet better than learning from scratch? All its files are in data/sample
# and work_dirs/quickstart; runs in the latter are replaced each time, or continued if interrupted.
set -euo pipefail
. "$(dirname "$0")/make_env.sh"
cd "$root"

out=work_dirs/quickstart
roads=configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py

step() { printf '\n== %s\n' "$*"; }
how() { if [ -f "$1/last_checkpoint" ] && [ ! -f "$1/result.json" ]; then echo --resume; else echo --overwrite; fi; }
best() { find "$1" -maxdepth 1 -name 'best_*.pth'; }

[ -d data/sample/few/digits ] ||
  "$python" tools/misc/make_sample_data.py data/sample/few --sets digits --size digits=100
[ -d data/sample/kitti ] ||
  "$python" tools/misc/make_sample_data.py data/sample --sets kitti --size kitti=480

[ ! -f "$out/digits/report.html" ] || rm -rf "$out/digits"  # finished; else it is continued
step "1 of 2: EfficientNet-Lite0 on few handwritten digits"
"$python" tools/own_data.py data/sample/few/digits --out "$out/digits" --recipes linear scratch \
  --folds 3 --amp

step "2 of 2: YOLOv3 on drawn road scenes"
rm -rf "$out/detections"  # the pictures of an earlier quick start
"$python" tools/train.py "$roads" --work-dir "$out/roads" "$(how "$out/roads")" --amp
"$python" tools/test.py "$roads" "$(best "$out/roads")" --show-dir "$out/detections"

step "Results"
"$python" tools/analysis_tools/compare_runs.py "$out/digits" "$out/roads"
echo "Pictures: $out/detections/"
"$python" tools/report.py "$out/digits" "$out/roads" -o "$out/report.html" --overwrite \
  --title "Quick start" --detections 6
echo "Open $out/report.html in a browser: both runs with curves, confusions and pictures"
