"""The project's benchmarks: honest comparisons, every one a command that can be stopped and goes on where it was.

    python headless/benchmark.py standin --seeds 1..20
    python headless/benchmark.py demo --seeds 1..5
    python headless/benchmark.py --help

This file only finds the packages beside it and hands over to ``benchmarks/cli.py``.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def load_package(name: str, folder: Path):
    """Imports the package in ``folder``, whatever ``sys.path`` says."""
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py",
                                                  submodule_search_locations=[str(folder)])
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


if "autosimulate_addon" not in sys.modules:
    load_package("autosimulate_addon", FOLDER.parent / "autosimulate_addon")
load_package("benchmarks", FOLDER / "benchmarks")       # here, not below: worker processes run this file as well

if __name__ == "__main__":
    exit_code = importlib.import_module("benchmarks.cli").main(sys.argv[1:])
    if "bpy" in sys.modules:        # whose own exit may wait for ever
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)
    sys.exit(exit_code)
