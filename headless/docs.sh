#!/usr/bin/env bash
# The manual: the pages of docs/ as a site that needs no server and no network.
#   bash headless/docs.sh [FOLDER]     builds it (default: build/site); a link that leads nowhere stops it
#   bash headless/docs.sh serve        shows it while it is written, anew at every change
#   bash headless/docs.sh tutorial [FOLDER]   follows the tutorial in real Blenders, click by click; pictures in FOLDER
#   bash headless/docs.sh pictures     takes the panels' pictures anew, from a real Blender (docs/images)
# Once before: bash headless/setup.sh docs (pictures and tutorial: test, and tests/window/setup_blender.sh)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export NO_MKDOCS_2_WARNING=1        # about another program
case ${1:-} in
  serve) exec .venv/bin/python -m mkdocs serve --config-file mkdocs.yml ;;
  pictures)
    export AUTOSIMULATE_MANUAL_PICTURES=$PWD/docs/images
    exec .venv/bin/python -m pytest -p no:xdist -q tests/window/test_manual_pictures.py ;;
  tutorial)
    export AUTOSIMULATE_TUTORIAL=${2:+$(realpath -m "$2")}
    exec .venv/bin/python -m pytest -p no:xdist -q -s tests/window/tutorial.py ;;
  *)
    exec .venv/bin/python -m mkdocs build --quiet --strict --config-file mkdocs.yml \
      --site-dir "$(realpath -m "${1:-build/site}")" ;;
esac
