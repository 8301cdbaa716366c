"""The extension as Blender's own tools see it: built, validated, installed, enabled. No Blender program needed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

INSTALL = """
import sys, time
import bpy, addon_utils
addon_utils.enable("bl_pkg")
bpy.ops.extensions.package_install_files(filepath=sys.argv[-1], repo="user_default", enable_on_install=True)
name = "bl_ext.user_default.autosimulate"
assert name in bpy.context.preferences.addons, list(bpy.context.preferences.addons.keys())
assert name + ".autosimulate_addon" in sys.modules
assert "torch" not in sys.modules
assert hasattr(bpy.types.Scene, "autosimulate")
addon_utils.disable(name)
assert not hasattr(bpy.types.Scene, "autosimulate")
addon_utils.enable(name)
assert hasattr(bpy.types.Scene, "autosimulate")
print("INSTALLED")
"""


@pytest.fixture(scope="module")
def tool() -> Path:
    """Blender's extension command line, a plain Python file inside bpy."""
    import bpy

    found = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    assert found.is_file()
    return found


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


@pytest.fixture(scope="module")
def archive(tool, repo_root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    result = run(tool, "build", "--source-dir", repo_root, "--output-dir", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(folder.glob("*.zip"))


def test_the_archive_validates(tool, archive):
    result = run(tool, "validate", archive)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_archive_holds_the_program_and_nothing_else(archive, repo_root):
    names = set(zipfile.ZipFile(archive).namelist())
    assert {"blender_manifest.toml", "__init__.py", "LICENSE", "autosimulate_addon/__init__.py"} <= names
    wanted = {path.relative_to(repo_root).as_posix() for path in (repo_root / "autosimulate_addon").rglob("*.py")
              if "__pycache__" not in path.parts}
    assert wanted | {"headless/run.py"} <= names
    tops = {name.partition("/")[0] for name in names}
    assert tops <= {"blender_manifest.toml", "__init__.py", "LICENSE", "README.md", "CHANGELOG.md",
                    "autosimulate_addon", "headless"}, tops
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".blend1", ".zip"))]


def test_the_archive_is_small(archive):
    assert archive.stat().st_size < 5_000_000


def test_blender_installs_and_enables_it(archive, tmp_path):
    result = run("-c", INSTALL, archive, BLENDER_USER_RESOURCES=str(tmp_path))
    assert "INSTALLED" in result.stdout, result.stdout + result.stderr


def test_the_manifest_and_the_project_agree(repo_root):
    manifest = tomllib.loads((repo_root / "blender_manifest.toml").read_text(encoding="utf-8"))
    project = tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest["version"] == project["version"]
    assert manifest["license"] == ["SPDX:" + project["license"]]
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert len(text) <= 64 and text[-1].isalnum(), text


def test_every_dependency_is_pinned(repo_root):
    project = tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for wanted in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        assert "==" in wanted, wanted
