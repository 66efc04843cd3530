#!/usr/bin/env bash
# Test on several GPUs of this machine, or on CPU processes where there is none.
#
#   bash tools/dist_test.sh CONFIG CHECKPOINT NUM_PROCS [arguments of test.py]
#   PORT, NNODES, NODE_RANK, MASTER_ADDR: as in OpenMMLab
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 CONFIG CHECKPOINT NUM_PROCS [arguments of test.py]" >&2; exit 2; }
config=$1 checkpoint=$2 procs=$3
shift 3
exec bash "$(dirname "$0")/dist_run.sh" test.py "$config" "$procs" "$checkpoint" "$@"
