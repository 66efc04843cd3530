#!/usr/bin/env bash
# Test on a Slurm cluster; environment variables as for slurm_train.sh.
#
#   tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of test.py]
#   tools/slurm_test.sh PARTITION JOB_NAME RUN
exec bash "$(dirname "$0")/slurm_run.sh" "$0" "$@"
