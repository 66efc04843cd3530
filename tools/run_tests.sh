#!/usr/bin/env bash
# From a bare machine to the result of the test suite.
#
#   bash tools/run_tests.sh                 the fast tests
#   bash tools/run_tests.sh -m slow         the slow ones
#   bash tools/run_tests.sh -m '' -k kitti  any arguments of pytest
set -euo pipefail
. "$(dirname "$0")/make_env.sh"
cd "$root"
[ $# -gt 0 ] || set -- -m "not slow"
exec "$python" -m pytest --numprocesses auto --dist loadscope "$@"
