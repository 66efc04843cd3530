#!/usr/bin/env bash
# Test on several GPUs of this machine, or on CPU processes where there is none.
#
#   bash tools/dist_test.sh CONFIG CHECKPOINT NUM_PROCS [arguments of test.py]
#   bash tools/dist_test.sh RUN NUM_PROCS
#   PORT, NNODES, NODE_RANK, MASTER_ADDR: as in OpenMMLab
set -euo pipefail
. "$(dirname "$0")/find_python.sh"
exec "$python" "$(dirname "$0")/dist_run.py" "$0" "$@"
