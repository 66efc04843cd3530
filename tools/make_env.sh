# Sourced by quickstart.sh and run_tests.sh: makes the Python environment once and sets $python.
#
#   VENV     where it lives; default .venv in the repository root
#   PYTHON   the interpreter to make it with; default the first python3 that is new enough
#   PIP_*    pip's own variables (index, cache, wheels) work as usual
#
# A marker file named after requirements.txt's checksum shows that an environment is complete:
# without it, or when the requirements change, everything is installed again.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VENV:-$root/.venv}
need_gb=7

fail() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
  local name found candidates=(python3 python3.13 python3.12 python3.11 python3.10)
  if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi
  for name in "${candidates[@]}"; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then echo "$name"; return; fi
  done
  name=${candidates[0]}
  found=$(if command -v "$name" >/dev/null; then "$name" --version 2>&1; else echo no such program; fi)
  fail "Python 3.10 or newer was not found ($name: $found): install it, or name it with PYTHON=/path/to/python3."
}

make_env() {
  local base marker parent free
  base=$(find_python) || exit 1
  marker=$venv/.mmtransfer-$("$base" -c 'import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()[:16])' "$root/requirements.txt")
  python=$venv/bin/python
  [ -f "$marker" ] && [ -x "$python" ] && return

  if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ]; then
    fail "VENV=$venv exists and is not a Python environment: choose another place with VENV=..."
  fi
  parent=$(dirname "$venv")
  mkdir -p "$parent" || fail "VENV=$venv: the folder $parent cannot be made."
  free=$(df -Pk "$parent" | awk 'NR == 2 {print int($4 / 1048576)}')
  [ "$free" -ge "$need_gb" ] ||
    fail "$parent has $free GB free, but the environment needs $need_gb GB: choose another disk with VENV=..."

  echo "Making the Python environment in $venv (about 6 GB, a few minutes)"
  "$base" -m venv "$venv" ||
    fail "$base cannot make environments: install its venv module (on Debian and Ubuntu: apt install python3-venv)."
  # mmcv requires opencv-python, which needs libGL; the headless build of the same version does not,
  # and both unpack to the same folder: the one installed last is imported.
  "$python" -m pip install --quiet --requirement "$root/requirements.txt" &&
    "$python" -m pip install --quiet --force-reinstall --no-deps \
      "$(grep -o '^opencv-python-headless==[^ ]*' "$root/requirements.txt")" ||
    fail "The installation into $venv failed, see above; run the same command again to take it up."
  rm -f "$venv"/.mmtransfer-*
  touch "$marker"
}

make_env
