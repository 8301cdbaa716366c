"""What is released: the zip with the manual, and a repository that a real Blender installs and updates it from."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headless import release

BLENDER = "blender"


@pytest.fixture
def checkout(repo_root, tmp_path) -> Path:
    """A copy of what is released, whose version can be another."""
    folder = tmp_path / "checkout"
    for name in release.CONTENT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (repo_root / name).is_dir():
            shutil.copytree(repo_root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(repo_root / name, folder / name)
    return folder


def of_version(checkout: Path, version: str) -> None:
    manifest = checkout / "blender_manifest.toml"
    lines = [f'version = "{version}"' if line.startswith("version = ") else line
             for line in manifest.read_text(encoding="utf-8").splitlines()]
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_zip_holds_the_manual_and_its_address(tmp_path):
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    assert release.main(["--output", str(tmp_path), "--website", "https://example.org/manual/"]) == 0
    archive, = tmp_path.glob("*.zip")
    with zipfile.ZipFile(archive) as file:
        names = set(file.namelist())
        manifest = tomllib.loads(file.read("blender_manifest.toml").decode())
        page = file.read("manual/window/results.html").decode()
    assert manifest["website"] == "https://example.org/manual/" and manifest["build"]["paths_exclude_pattern"]
    assert {"manual/index.html", "manual/images/results.png", "headless/run.py", "README.md"} <= names
    assert not [name for name in names if name.endswith(".map") or name.startswith(("docs/", "headless/release"))]
    assert not re.findall(r"(?:src|<link[^>]*href)=\"https?:[^\"]*", page), "the page fetches something"
    assert archive.stat().st_size < 5_000_000


@pytest.mark.parametrize(("arguments", "said"), [
    (["--website", "example.org"], "begins with https://"),
    (["--blender", "/bin/false"], "failed"),
])
def test_what_cannot_be_released_is_said_in_one_sentence(checkout, tmp_path, capsys, arguments, said):
    assert release.main(["--source", str(checkout), "--output", str(tmp_path / "dist"), "--no-manual", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def for_the_platform(checkout, tmp_path) -> Path:
    assert release.main(["--source", str(checkout), "--output", str(tmp_path / "dist"), "--no-manual",
                         "--platform"]) == 0          # validated by Blender's own tool
    return next((tmp_path / "dist").glob("*-platform.zip"))


def test_the_platforms_build_downloads_nothing_and_leaves_sys_path_alone(for_the_platform, repo_root):
    with zipfile.ZipFile(for_the_platform) as file:
        sources = {name: file.read(name).decode() for name in file.namelist() if name.endswith(".py")}
        assert "network" not in tomllib.loads(file.read("blender_manifest.toml").decode())["permissions"]
    assert len(sources) > 100 and not [name for name in sources if breaks_a_rule(sources[name])]
    for name in release.NOT_FOR_THE_PLATFORM:       # else this would look for what is nowhere
        source = (repo_root / name).read_text(encoding="utf-8")
        assert name not in sources and (breaks_a_rule(source) or "torch_install" in source), name


def breaks_a_rule(source: str) -> bool:
    """Whether a module changes sys.path, in itself or in a program that it starts, or calls pip as a module."""
    words = {node.value for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    changed = re.compile(r"sys\.path(\.(insert|append|extend)|\[[^\]]*\] *=| *\+?= )|addsitedir")
    return bool(changed.search(source)) or "pip" in words


USE = """
import sys
import bpy, addon_utils
addon_utils.enable("bl_pkg")
bpy.ops.extensions.package_install_files(filepath=sys.argv[-1], repo="user_default", enable_on_install=True)
name = "bl_ext.user_default.autosimulate"
assert not hasattr(bpy.types, "AUTOSIMULATE_OT_install_torch") and hasattr(bpy.types, "AUTOSIMULATE_OT_check_torch")
assert not hasattr(bpy.context.preferences.addons[name].preferences, "torch_folder")
bpy.ops.autosimulate.mark_common(what="LIGHTS")
before = bpy.data.lights[0].energy
bpy.ops.autosimulate.draw_sample(seed=3)
assert bpy.data.lights[0].energy != before and name + ".autosimulate_addon" in sys.modules
addon_utils.disable(name)
addon_utils.enable(name)
print("USED")
"""


def test_the_platforms_build_marks_and_draws(for_the_platform, tmp_path):
    done = subprocess.run([sys.executable, "-c", USE, str(for_the_platform)], capture_output=True, text=True,
                          timeout=120, check=False,
                          env={**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user")})
    assert "USED" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    """A web server of the folder ``site``."""
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which(BLENDER) is None, reason="no Blender program is installed")
def test_a_repository_installs_and_updates(checkout, address, tmp_path):
    def publish(version: str) -> None:
        of_version(checkout, version)
        assert release.main(["--source", str(checkout), "--output", str(tmp_path / "dist"), "--repository",
                             str(tmp_path / "site"), "--no-manual"]) == 0

    def extension(*arguments: str) -> None:
        subprocess.run([BLENDER, "--online-mode", "--command", "extension", *arguments], check=True, timeout=120,
                       capture_output=True, env={**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user"),
                                                 "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")})

    def installed() -> str:
        manifest, = (tmp_path / "user").rglob("autosimulate/blender_manifest.toml")
        return tomllib.loads(manifest.read_text(encoding="utf-8"))["version"]

    (tmp_path / "user/config").mkdir(parents=True)      # where it is missing Blender writes to the person's own
    publish("0.1.0")
    listed = json.loads((tmp_path / "site/index.json").read_text(encoding="utf-8"))["data"]
    assert [(each["id"], each["version"], each["archive_url"]) for each in listed] == [
        ("autosimulate", "0.1.0", "./autosimulate-0.1.0.zip")]
    assert "autosimulate-0.1.0.zip?repository=" in (tmp_path / "site/index.html").read_text(encoding="utf-8")
    extension("repo-add", "--name", "AutoSimulate", "--url", f"{address}/index.json", "--clear-all", "ours")
    extension("install", "--sync", "--enable", "ours.autosimulate")
    assert installed() == "0.1.0"
    publish("0.1.1")
    assert {path.name for path in (tmp_path / "site").glob("*.zip")} == {"autosimulate-0.1.1.zip"}
    assert (tmp_path / "site/earlier/autosimulate-0.1.0.zip").is_file()
    extension("update", "--sync")
    assert installed() == "0.1.1"
