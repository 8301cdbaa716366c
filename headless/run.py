"""AutoSimulate without a window: learn what to render.

    blender -b scene.blend -P headless/run.py -- optimize --validation photos/val --output run
    python headless/run.py --scene scene.blend --validation photos/val --output run
    python headless/run.py --help

This file only finds the package beside its own folder and hands over to ``run/cli.py``.
"""

import contextlib
import ctypes
import importlib
import importlib.util
import logging
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import NoReturn


def load_package(name: str = "autosimulate_addon"):
    """Imports the package from the folder beside ours, whatever ``sys.path`` says."""
    folder = Path(__file__).resolve().parent.parent / name
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py",
                                                  submodule_search_locations=[str(folder)])
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


def leave(code: int) -> NoReturn:
    """Ends the process at once with ``code``, after everything that was written has reached its file.

    Blender's own way out waits for ever where a scene has a driver that is no simple expression: freeing the driver
    asks for Python's lock, which the thread that leaves Python holds. What its way out is there for is done here:
    buffers are flushed, its temporary folder is removed, and processes that were started through multiprocessing end.
    """
    with contextlib.suppress(Exception):
        logging.shutdown()
    blender = sys.modules.get("bpy")
    with contextlib.suppress(Exception):
        # Without a folder of its own Blender names the system's here: that one stays.
        if blender is not None and (folder := Path(blender.app.tempdir)).name.startswith("blender_"):
            shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(Exception):
        for child in sys.modules["multiprocessing"].active_children():
            child.terminate()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(Exception):
        ctypes.CDLL(None if os.name == "posix" else "ucrtbase").fflush(None)
    os._exit(code)


if __name__ == "__main__":
    exit_code = 1
    try:
        exit_code = load_package().run_process(arguments())
    except KeyboardInterrupt:
        exit_code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        leave(exit_code)
