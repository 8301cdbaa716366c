#!/usr/bin/env bash
# Sets up this checkout on a Debian-like machine with Python 3.11: .venv with Blender's Python module, PyTorch and the
# rest, at the versions pinned in pyproject.toml. Run again at will: what is there is kept.
#   bash headless/setup.sh [test]     with "test" also what the tests need
#   PYTHON                            the interpreter for .venv (default: python3.11, else python3)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The bpy wheel links against these, also where no window is ever opened.
libraries="libX11.so.6:libx11-6 libXrender.so.1:libxrender1 libXfixes.so.3:libxfixes3 libXi.so.6:libxi6
           libxkbcommon.so.0:libxkbcommon0 libSM.so.6:libsm6 libICE.so.6:libice6 libGL.so.1:libgl1"
installed=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p)
missing=""
for library in $libraries; do
  case $installed in *"${library%%:*}"*) ;; *) missing="$missing ${library##*:}" ;; esac
done

PYTHON=${PYTHON:-$(command -v python3.11 || command -v python3)}
"$PYTHON" -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing"
    apt-get -q update && apt-get -q -y --no-install-recommends install $missing
  else
    echo "System packages are missing: run 'sudo apt-get install$missing', then this again." >&2
    exit 1
  fi
fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then     # none yet, or cut short while it was made
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 13)))' || {
    echo "Blender's Python module is made for Python 3.11 and 3.13, not for $("$PYTHON" --version): install 3.11," \
         "or name it with PYTHON=..." >&2
    exit 1
  }
  "$PYTHON" -m venv .venv
fi
echo "Installing Blender's Python module, PyTorch and the rest into .venv (a minute or two) ..."
.venv/bin/python -m pip install --disable-pip-version-check --editable ".${1:+[$1]}"
