#!/usr/bin/env bash
# Train on a Slurm cluster.
#
#   [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS=...] tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [arguments of train.py]
exec bash "$(dirname "$0")/slurm_run.sh" "$0" "$@"
