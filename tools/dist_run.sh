#!/usr/bin/env bash
# Shared by dist_train.sh and dist_test.sh: torchrun for  SCRIPT CONFIG NUM_PROCS [arguments].
set -euo pipefail
script=$1
shift
[ $# -ge 2 ] || { echo "usage: tools/dist_${script%.py}.sh CONFIG NUM_PROCS [arguments of $script]" >&2; exit 2; }
config=$1 procs=$2
shift 2
[ -f "$config" ] || [ -f "$(dirname "$0")/../$config" ] || { echo "$config: no such config file" >&2; exit 2; }
case $procs in '' | *[!0-9]* | 0) echo "NUM_PROCS is '$procs', expected a number from 1 on" >&2; exit 2 ;; esac
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/find_python.sh"
# torchrun gives each process one thread; on CPUs, we divide the cores among them instead.
cores=$(nproc 2>/dev/null || echo 1)
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores > procs ? cores / procs : 1))}
export MKL_NUM_THREADS=${MKL_NUM_THREADS:-$OMP_NUM_THREADS}
if [ -n "${PORT:-}${NNODES:-}" ]; then
  rendezvous=(--nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}"
              --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "${PORT:-29500}")
else
  rendezvous=(--standalone) # a free port, so that two runs on one machine do not conflict
fi
exec "$python" -m torch.distributed.run "${rendezvous[@]}" --nproc_per_node "$procs" \
  "$tools/$script" "$config" --launcher pytorch "$@"
