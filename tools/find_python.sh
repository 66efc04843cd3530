# Sourced by the dist_*.sh and slurm_*.sh: sets $python to the environment's, or else to the one on
# the PATH. It creates nothing, as many processes may start at once.
python=${VENV:-$(dirname "${BASH_SOURCE[0]}")/../.venv}/bin/python
[ -x "$python" ] || python=python
if ! "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2>/dev/null; then
  echo "No environment in ${VENV:-.venv}, and the python on the PATH has no torch: run bash tools/quickstart.sh first, or set VENV." >&2
  exit 1
fi
