#!/usr/bin/env bash
# Makes .venv in this checkout and installs Blender's Python module, PyTorch and the rest into it, at pinned versions.
#   bash headless/setup.sh         what headless/run.py needs
#   bash headless/setup.sh test    what the tests need beside it
# PYTHON names the interpreter (default: python3.11, else what fits). Run again at will: what is there is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

case ${1:-} in "") wanted="." ;; test) wanted=".[test]" ;; *) die "unknown option '$1': only 'test' is known" ;; esac

system_packages() {     # installs Debian packages, or says how to
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "first install what is missing: sudo apt-get install $*"
  say "installing system packages: $*"
  apt-get -q update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@" \
    >/dev/null || die "could not install $*"
}

# The bpy wheel links against these, also where no window is ever opened.
if [ "$(uname -s)" = Linux ]; then
  installed=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p)
  missing=()
  for library in libX11.so.6:libx11-6 libXrender.so.1:libxrender1 libXfixes.so.3:libxfixes3 libXi.so.6:libxi6 \
                 libxkbcommon.so.0:libxkbcommon0 libSM.so.6:libsm6 libICE.so.6:libice6 libGL.so.1:libgl1; do
    case $installed in *"${library%%:*}"*) ;; *) missing+=("${library##*:}") ;; esac
  done
  [ ${#missing[@]} = 0 ] || system_packages "${missing[@]}"
fi

if [ ! -x .venv/bin/python ]; then
  # There are bpy wheels for these Pythons only: 4.5 for 3.11, 5.2 for 3.13.
  python=""
  for candidate in ${PYTHON:-python3.11 python3.13 python3}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 13)))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  [ -n "$python" ] || die "Blender's Python module needs Python 3.11 (or 3.13): install it, or name it with PYTHON=..."
  "$python" -c 'import ensurepip' 2>/dev/null ||
    system_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  say "making .venv with $("$python" --version)"
  "$python" -m venv .venv
fi
say "installing packages into .venv (a minute or two; without a local copy PyTorch is the largest download)"
.venv/bin/python -m pip install --disable-pip-version-check --editable "$wanted"
say "ready"
