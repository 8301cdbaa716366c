"""AutoSimulate without a window: learn what to render.

    blender -b scene.blend -P headless/run.py -- optimize --validation photos/val --output run
    python headless/run.py --scene scene.blend --validation photos/val --output run
    python headless/run.py --help

This file only finds the package beside its own folder and hands over to ``run/cli.py``.
"""

import importlib
import importlib.util
import sys
from pathlib import Path


def load_package(name: str = "autosimulate_addon"):
    """Imports the package from the folder beside ours, whatever ``sys.path`` says."""
    folder = Path(__file__).resolve().parent.parent / name
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return importlib.import_module(f"{name}.run.cli")


def arguments() -> list[str]:
    """What is meant for us: under Blender everything after ``--``, under Python everything."""
    blender = sys.modules.get("bpy")
    if blender is None or not blender.app.binary_path:
        return sys.argv[1:]
    return sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else []


if __name__ == "__main__":
    sys.exit(load_package().run_process(arguments()))
