#!/usr/bin/env bash
# Shared by slurm_train.sh and slurm_test.sh, whose name and arguments it gets: their srun.
set -euo pipefail
[ $# -ge 5 ] || [ "${1##*_} $#" = 'test.sh 4' ] || { sed -n 's/^#   /usage: /p' "$1" >&2; exit 2; }
typed=(bash "$@")
for name in GPUS GPUS_PER_NODE CPUS_PER_TASK SRUN_ARGS; do
  [ -z "${!name+x}" ] || typed=("$name=${!name}" "${typed[@]}")
done
MMTRANSFER_TYPED=$(printf '%q ' env "${typed[@]}")
export MMTRANSFER_TYPED
script=${1##*slurm_} partition=$2 job_name=$3
shift 3
[ "$script" = test.sh ] || set -- "$1" --work-dir "${@:2}"
. "$(dirname "$0")/find_python.sh"
# shellcheck disable=SC2086  # SRUN_ARGS holds several words on purpose
exec srun -p "$partition" --job-name="$job_name" --gres=gpu:"${GPUS_PER_NODE:-8}" \
  --ntasks="${GPUS:-8}" --ntasks-per-node="${GPUS_PER_NODE:-8}" \
  --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  "$python" -u "$(dirname "$0")/${script%.sh}.py" "$@" --launcher slurm
