"""Finding PyTorch without importing it, and installing it so that nothing half is ever left."""

from __future__ import annotations

import base64
import hashlib
import importlib.machinery
import os
import time
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autosimulate_addon.protocol import packages
from autosimulate_addon.protocol.packages import Package
from autosimulate_addon.run.process import requirements
from autosimulate_addon.ui.torch import install as torch_install
from autosimulate_addon.ui.torch.install import InstallError, TorchInstall, source_options
from autosimulate_addon.ui.torch.location import COMPANIONS, search

PROJECT = Path(__file__).parents[2] / "pyproject.toml"

def fake_torch(folder: Path, version="2.13.0+cpu", cuda="None", companions=True, binary=None) -> Path:
    (folder / "torch").mkdir(parents=True)
    (folder / "torch" / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (folder / "torch" / "version.py").write_text(f"__version__ = '{version}'\ncuda: Optional[str] = {cuda}\n")
    suffix = binary or importlib.machinery.EXTENSION_SUFFIXES[0]
    (folder / "torch" / f"_C{suffix}").touch()
    if companions:
        for each in COMPANIONS:
            (folder / f"{each.module}.py").touch()
    return folder


def test_nothing_anywhere(tmp_path):
    state = search(tmp_path / "own", "", [])
    assert not state.usable and state.line == "PyTorch is not installed"


def test_own_folder_comes_before_blenders(tmp_path):
    own, blender = fake_torch(tmp_path / "own"), fake_torch(tmp_path / "blender", "2.0", "'12.8'")
    state = search(own, "", [str(blender)])
    assert state.usable and state.site_packages == str(own)
    assert state.line == "PyTorch 2.13.0+cpu (CPU), installed by the add-on"
    state = search(tmp_path / "none", "", [str(blender)])
    assert state.site_packages == "" and "CUDA 12.8" in state.line and "Blender" in state.line


@pytest.mark.parametrize("inside", ["", "site-packages", "Lib/site-packages", "lib/python3.11/site-packages"])
def test_chosen_folder_may_be_an_environment(tmp_path, inside):
    fake_torch(tmp_path / "env" / inside)
    assert search(tmp_path / "own", str(tmp_path / "env"), []).usable


def test_chosen_folder_without_pytorch(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no PyTorch" in search(tmp_path / "own", str(tmp_path / "empty"), []).line
    assert "does not exist" in search(tmp_path / "own", str(tmp_path / "gone"), []).line


def test_pytorch_of_another_python(tmp_path):
    fake_torch(tmp_path / "env", binary=".cpython-27-x86_64-linux-gnu.so")
    state = search(tmp_path / "own", str(tmp_path / "env"), [])
    assert not state.usable and "another Python" in state.line


def test_missing_companions_are_named(tmp_path):
    fake_torch(tmp_path / "env", companions=False)
    state = search(tmp_path / "own", str(tmp_path / "env"), [])
    assert not state.usable and "torchmetrics" in state.line and "pillow" in state.line


def test_only_the_packages_are_offered_where_blender_has_pytorch(tmp_path):
    """And they are found in the add-on's own folder, where they are put."""
    blender, own = fake_torch(tmp_path / "blender", companions=False), tmp_path / "own"
    assert search(own, "", [str(blender)]).lacks_packages
    own.mkdir()
    for each in COMPANIONS:
        (own / f"{each.module}.py").touch()
    assert search(own, "", [str(blender)]).usable
    assert not search(tmp_path / "none", str(blender), []).lacks_packages   # of a folder that is the user's own


def test_a_package_that_is_there_but_cannot_be_imported_is_named(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text("import pyparsing_that_is_missing")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packages, "PACKAGES", (Package("needs-more", "needs_more", ("preview",)),))
    with pytest.raises(requirements.InputError, match=r"needs-more cannot be loaded.*pyparsing_that_is_missing"):
        requirements.check("preview")


def test_companions_may_be_apart_from_pytorch(tmp_path):
    blender = fake_torch(tmp_path / "blender", companions=False)
    (tmp_path / "extra").mkdir()
    for each in COMPANIONS:
        (tmp_path / "extra" / f"{each.module}.py").touch()
    state = search(tmp_path / "own", str(tmp_path / "extra"), [str(blender)])
    assert state.usable and state.site_packages == str(tmp_path / "extra") and "Blender" in state.source


def test_companions_are_what_the_jobs_need(monkeypatch):
    monkeypatch.setattr(requirements, "_installed", lambda module: False)
    wanted = set()
    for command in ("optimize", "generate", "preview"):
        with pytest.raises(requirements.InputError) as raised:
            requirements.check(command)
        wanted |= set(str(raised.value).split(" are not installed")[0].split(", "))
    assert wanted == {"torch", *(each.name for each in COMPANIONS)}


def required(*names: str) -> set[str]:
    """What is installed with these, by the packages' own word."""
    found, asked = set(), list(names)
    while asked:
        wanted = map(Requirement, metadata.requires(asked.pop()) or [])
        new = {canonicalize_name(each.name) for each in wanted
               if each.marker is None or each.marker.evaluate({"extra": ""})} - found
        found |= new
        asked += new
    return found


def test_what_is_installed_beside_pytorch_is_all_that_is_installed_with_it():
    """With nothing left to be wanted: pip is told to bring no dependencies."""
    beside, pinned = set(torch_install.BESIDE), tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    assert {"optuna", "scipy"} < beside and beside >= set(torch_install.NAMES) - {"torch"}
    assert {canonicalize_name(Requirement(each).name) for each in pinned} >= set(torch_install.NAMES)
    here = beside & {canonicalize_name(each.name) for each in metadata.distributions()}
    assert required(*here) <= beside | required("torch") | {"torch", "numpy"}


def test_where_packages_come_from(tmp_path):
    assert source_options("CUDA", platform="linux") == source_options("CPU", platform="win32") == []
    assert source_options("MISSING", platform="linux") == []
    for build, platform in (("CPU", "linux"), ("CUDA", "win32")):
        with pytest.raises(InstallError, match="Package Source"):
            source_options(build, platform=platform)
    assert source_options("CPU", "https://mirror/simple") == ["--extra-index-url", "https://mirror/simple"]
    assert source_options("CPU", str(tmp_path)) == ["--no-index", "--find-links", str(tmp_path)]


def wheel(folder: Path, code: str, name="torch", version="9.9") -> None:
    """A wheel that pip installs, with one module."""
    folder.mkdir(exist_ok=True)
    files = {f"{name}/__init__.py": code, f"{name}/version.py": f"__version__ = '{version}'\ncuda = None\n",
             f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
             f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                                                  "Tag: py3-none-any\n"}
    record = "".join("{},sha256={},{}\n".format(path, base64.urlsafe_b64encode(
        hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode(), len(text)) for path, text in files.items())
    files[f"{name}-{version}.dist-info/RECORD"] = record + f"{name}-{version}.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


GOOD = """
__version__ = "9.9"
class ones:
    def __init__(self, n): self.n = n
    def sum(self): return float(self.n)
class cuda:
    @staticmethod
    def is_available(): return False
"""


@pytest.fixture(autouse=True)
def pip_alone(monkeypatch):
    """What a machine's own pip settings pin or offer must not decide what these tests install."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)


def finish(install: TorchInstall) -> TorchInstall:
    end = time.monotonic() + 60
    while not install.done and time.monotonic() < end:
        install.poll()
        time.sleep(0.05)
    return install


def test_install_verifies_and_takes_its_place(tmp_path):
    wheel(tmp_path / "wheels", GOOD)
    target = tmp_path / "user" / "site-packages"
    target.mkdir(parents=True)
    (target / "old.txt").touch()
    install = finish(TorchInstall(target, "CPU", str(tmp_path / "wheels")))
    assert install.error == "" and install.message == "PyTorch 9.9 works (CPU)"
    assert (target / "torch" / "__init__.py").exists() and not (target / "old.txt").exists()
    assert sorted(path.name for path in target.parent.iterdir()) == ["install.log", "site-packages"]


def test_missing_packages_come_without_a_second_pytorch(tmp_path, monkeypatch):
    wheel(tmp_path / "wheels", "", "torchmetrics")
    wheel(tmp_path / "wheels", "", "pillow")
    monkeypatch.setattr(torch_install, "BESIDE", ("torchmetrics", "pillow"))
    monkeypatch.setattr(torch_install, "_VERIFY_BESIDE", "import sys, json; sys.path.insert(0, sys.argv[1])\n"
                        "import torchmetrics; print(json.dumps({'version': '1', 'device': ''}))")
    install = finish(TorchInstall(tmp_path / "user" / "site-packages", "MISSING", str(tmp_path / "wheels")))
    assert install.error == "" and install.message == "The packages work"
    assert not (install.target / "torch").exists() and (install.target / "torchmetrics").exists()


def test_a_pytorch_that_cannot_be_imported_changes_nothing(tmp_path):
    wheel(tmp_path / "wheels", "raise ImportError('libcudart.so.13 is missing')")
    target = tmp_path / "user" / "site-packages"
    target.mkdir(parents=True)
    (target / "old.txt").touch()
    install = finish(TorchInstall(target, "CPU", str(tmp_path / "wheels")))
    assert "libcudart" in install.error and (target / "old.txt").exists()
    assert not install.staging.exists()


def test_nothing_to_install_from(tmp_path):
    (tmp_path / "wheels").mkdir()
    install = finish(TorchInstall(tmp_path / "user" / "site-packages", "CPU", str(tmp_path / "wheels")))
    assert "could not be installed" in install.error and not install.staging.exists()


def test_an_index_that_cannot_be_reached_is_told(tmp_path, monkeypatch):
    """pip itself ends with a package that it did not find."""
    for name, value in (("INDEX_URL", "http://127.0.0.1:9/simple"), ("RETRIES", "1")):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    install = finish(TorchInstall(tmp_path / "user" / "site-packages", "MISSING"))
    assert "index cannot be reached (refused)" in install.error and "Package Source" in install.error


def test_cancel_leaves_nothing(tmp_path):
    wheel(tmp_path / "wheels", GOOD)
    install = TorchInstall(tmp_path / "user" / "site-packages", "CPU", str(tmp_path / "wheels"))
    install.cancel()
    assert install.done and "cancelled" in install.error and not install.staging.exists()
    assert not install.target.exists()
    install.cancel()                                    # a second time does no harm


def test_a_python_without_pip(monkeypatch, tmp_path):
    monkeypatch.setattr(torch_install.importlib.util, "find_spec", lambda name: None)
    install = TorchInstall(tmp_path / "user" / "site-packages")
    assert install.done and "has no pip" in install.error and "Use PyTorch From" in install.error
