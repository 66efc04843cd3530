#!/usr/bin/env bash
# Shared by slurm_train.sh and slurm_test.sh: srun for  SCRIPT PARTITION JOB_NAME CONFIG [arguments].
set -euo pipefail
script=$1 partition=$2 job_name=$3
shift 3
. "$(dirname "$0")/find_python.sh"
# shellcheck disable=SC2086  # SRUN_ARGS holds several words on purpose
exec srun -p "$partition" --job-name="$job_name" --gres=gpu:"${GPUS_PER_NODE:-8}" \
  --ntasks="${GPUS:-8}" --ntasks-per-node="${GPUS_PER_NODE:-8}" \
  --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  "$python" -u "$(dirname "$0")/$script" "$@" --launcher slurm
