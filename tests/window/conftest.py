"""The real Blender program, the add-on's zip, a scene to work on: what the window's tests share."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.window.gui import Gui
from tests.window.story import Story

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: What a job imports beside PyTorch and numpy, with what these import themselves.
PACKAGES = ("torchmetrics", "lightning-utilities", "packaging", "pillow", "matplotlib", "contourpy", "cycler",
            "fonttools", "kiwisolver", "pyparsing", "python-dateutil", "six", "pycocotools", "tqdm")


#: The Blenders that the tests drive, and what setup_blender.sh is told to install each.
BLENDERS = {
    "blender": "",
    "blender-4.3-torch": "--suite trixie --root /opt/blender-trixie-torch /usr/local/bin/blender-4.3-torch",
    "blender-4.3": "--suite trixie --root /opt/blender-trixie --no-torch /usr/local/bin/blender-4.3",
}


def program(name: str) -> str:
    """The path of a Blender command; skips where it, or what drives its window, is not installed."""
    missing = [tool for tool in ("Xvfb", "xdotool", "import", name) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: 'bash tests/window/setup_blender.sh {BLENDERS[name]}' "
                    "installs the real Blender and what drives its window")
    return shutil.which(name)


def blender_python(blender: str) -> tuple[str, bool]:
    """(version as "3.14", whether its Python has PyTorch) of a Blender program."""
    code = "import sys, importlib.util as u; print('PY', *sys.version_info[:2], u.find_spec('torch') is not None)"
    output = subprocess.run([blender, "-b", "--factory-startup", "--python-expr", code], capture_output=True,
                            text=True, timeout=120, check=True).stdout
    _, major, minor, torch = next(line for line in output.splitlines() if line.startswith("PY ")).split()
    return f"{major}.{minor}", torch == "True"


@pytest.fixture(scope="session")
def packages():
    """A function: the folder with a job's packages for a Python version, or None where they cannot be had.

    AUTOSIMULATE_SITE_PACKAGES_3_14 names a folder that has them already.
    """
    def get(version: str) -> Path | None:
        given = os.environ.get(f"AUTOSIMULATE_SITE_PACKAGES_{version.replace('.', '_')}")
        if given:
            return Path(given)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autosimulate-tests"
        folder = cache / f"python{version}"
        if (folder / "complete").exists():
            return folder
        made = cache / f"{folder.name}.{os.getpid()}"          # the tests' other process may be at it too
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(made), "--python-version", version,
             "--only-binary=:all:", "--no-deps", *PACKAGES], capture_output=True, text=True)
        if done.returncode:
            return None
        (made / "complete").touch()
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                made.rename(folder)
        return folder

    return get


@pytest.fixture(scope="session")
def job_packages(packages):
    """A function: the folder with what a job needs in this Blender; skips where its Python has no PyTorch."""
    def get(command: str) -> Path:
        version, torch = blender_python(program(command))
        folder = packages(version)
        if folder is None or not (torch or (folder / "torch").is_dir()):
            pytest.skip(f"{command} has no PyTorch: AUTOSIMULATE_SITE_PACKAGES_{version.replace('.', '_')} may name a "
                        f"folder that has it for Python {version}, with {', '.join(PACKAGES)}")
        return folder

    return get


@pytest.fixture(scope="session")
def shots(tmp_path_factory) -> Path:
    """Where the screenshots go: AUTOSIMULATE_SHOTS, or a temporary folder."""
    given = os.environ.get("AUTOSIMULATE_SHOTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def extension(tmp_path_factory) -> Path:
    """The zip, built by Blender's own command."""
    import bpy

    folder = tmp_path_factory.mktemp("extension")
    tool = Path(bpy.utils.system_resource("SCRIPTS", path="addons_core")) / "bl_pkg" / "cli" / "blender_ext.py"
    subprocess.run([sys.executable, str(tool), "build", "--source-dir", str(ROOT), "--output-dir", str(folder)],
                   check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.zip"))


@pytest.fixture
def window(request, work, shots, tmp_path):
    """A function: a Story in a Blender with a fresh user folder, on a copy of a scene of ``work``.

    A second Story of a test finds the file as the first has left it.
    """
    stories = []

    def start(command: str, name: str = "", scene: str = "scene.blend") -> Story:
        blend = tmp_path / "scene.blend"
        if not blend.exists():
            blend.write_bytes((work / scene).read_bytes())
        temporary = tmp_path / "temporary"              # outlives the window, as a machine's own does
        temporary.mkdir(exist_ok=True)
        gui = Gui(program(command), [str(blend)], env={"BLENDER_USER_RESOURCES": str(tmp_path / "user"),
                                                       "TMPDIR": str(temporary)})
        stories.append(Story(gui, shots, f"{command}-{name}" if name else command))
        return stories[-1]

    yield start
    for story in stories:
        if getattr(request.node, "failed", False) and story.gui.process.poll() is None:
            story.shot("failed")
        story.gui.quit()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets ``window`` know that its test failed, for a last picture."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


_SCENE = """
import sys; sys.path.insert(0, {root!r})
import bpy
from autosimulate_addon.blender.marks import properties
properties.ensure_registered()
from autosimulate_addon.blender.scenes import demo as demo_scene
demo_scene.build()
settings = bpy.context.scene.autosimulate
settings.width, settings.height, settings.iterations, settings.images, settings.epochs = 32, 24, 2, 4, 2
bpy.ops.wm.save_as_mainfile(filepath={marked!r}, copy=True)
settings.marks.clear()
bpy.ops.wm.save_as_mainfile(filepath={blend!r})
"""


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> Path:
    """A folder with scene.blend (CLEVR-like, three classes, nothing learnable yet) and val/ (labelled images)."""
    folder = tmp_path_factory.mktemp("work")
    marked = folder / "marked.blend"
    subprocess.run([sys.executable, "-c", _SCENE.format(root=str(ROOT), marked=str(marked),
                                                        blend=str(folder / "scene.blend"))],
                   check=True, timeout=120, capture_output=True)
    subprocess.run([sys.executable, str(ROOT / "headless" / "run.py"), "generate", "--scene", str(marked), "--count",
                    "6", "--width", "32", "--height", "24", "--seed", "7", "--output", str(folder / "val")],
                   check=True, timeout=240, capture_output=True)
    return folder
