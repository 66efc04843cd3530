#!/usr/bin/env bash
# Train on several GPUs of this machine, or on CPU processes where there is none.
#
#   bash tools/dist_train.sh CONFIG NUM_PROCS [arguments of train.py]
#   PORT, NNODES, NODE_RANK, MASTER_ADDR: as in OpenMMLab
set -euo pipefail
. "$(dirname "$0")/find_python.sh"
exec "$python" "$(dirname "$0")/dist_run.py" "$0" "$@"
