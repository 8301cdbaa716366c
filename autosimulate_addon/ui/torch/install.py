"""Installs PyTorch into the add-on's own folder, in a background process that can be cancelled.

Everything goes into a staging folder first. Only a PyTorch that was imported successfully takes the place of the old
one; on cancel or failure the staging folder goes away, so a half install is never left.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from ...protocol.packages import PACKAGES
from .python import PythonError, python_command

#: Build -> (download, installed) in megabytes, to be confirmed by the user before anything is fetched.
SIZES = {"CPU": (240, 870), "CUDA": (2740, 5370), "MISSING": (110, 340)}
#: What is installed with PyTorch itself.
NAMES = tuple(each.name for each in PACKAGES if each.installed)
#: Beside a PyTorch that is there already: the same, with what these need, by name: pip would install a second PyTorch
#: as a part of torchmetrics.
BESIDE = tuple(dict.fromkeys(name for each in PACKAGES if each.installed and each.name != "torch"
                             for name in (each.name, *each.brings)))

_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)")
#: What pip says early where it cannot reach its index; it ends with the name of a package that it did not find there.
_UNREACHABLE = re.compile(r"connection broken by .*(certificate verify failed|name resolution|refused|timed out|"
                          r"unreachable|[Pp]roxy)")
_DOWNLOADING = re.compile(r"^\s*Downloading (\S+)")

#: Imports what was installed, with Blender's own numpy as the jobs do, and says what it can do.
_VERIFY = """
import json, sys
try:
    import numpy
except ImportError:
    pass
sys.path.insert(0, sys.argv[1])
import torch
assert float(torch.ones(2).sum()) == 2.0
device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"
print(json.dumps({"version": torch.__version__, "device": device}))
"""
_VERIFY_BESIDE = """
import json, sys
try:
    import numpy
except ImportError:
    pass
sys.path.insert(0, sys.argv[1])
import torchmetrics, PIL.Image, pycocotools.mask
print(json.dumps({"version": torchmetrics.__version__, "device": ""}))
"""


class InstallError(PythonError):
    """What stands in an installation's way, in one sentence."""


def pip_command(python: str) -> tuple[list[str], str]:
    """How to call pip, and its version: a module, else the wheel that Python carries for ``ensurepip``."""
    if importlib.util.find_spec("pip"):
        from importlib import metadata  # takes 0.1 s: not when the add-on is enabled

        return [python, "-m", "pip"], metadata.version("pip")
    spec = importlib.util.find_spec("ensurepip")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for wheel in sorted(Path(place).glob("_bundled/pip-*.whl")):
            # a wheel is a zip file that Python can run a package from
            return [python, str(wheel / "pip")], wheel.name.split("-")[1]
    raise InstallError("This Blender's Python has no pip: install it (on Debian: sudo apt install python3-pip), or use "
                       "\"Use PyTorch From\" with an environment of Python "
                       f"{sys.version_info.major}.{sys.version_info.minor} that has PyTorch")


def progress_style(version: str) -> str:
    """pip writes progress for programs to read since 24.1."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    return "raw" if numbers >= (24, 1) else "off"


def usual_build(platform: str = sys.platform) -> str:
    """The build that pip's usual index has for this system: for CUDA on Linux, for the CPU elsewhere."""
    return "CUDA" if platform.startswith("linux") else "CPU"


def source_options(build: str, source: str = "", platform: str = sys.platform) -> list[str]:
    """pip's options for where to get PyTorch from: ``source`` is a folder of wheels, for no network, or an address.

    The address stands beside pip's usual index, which has the other packages: a "+cpu" build counts as newer than the
    same plain one. Raises InstallError for a build that only another source has.
    """
    if source:
        return ["--no-index", "--find-links", source] if Path(source).is_dir() else ["--extra-index-url", source]
    if build not in ("MISSING", usual_build(platform)):
        raise InstallError(f"pip's usual index has only the {usual_build(platform)} build for this system: put the "
                           f"address that PyTorch's website gives for the {build} build into Package Source")
    return []


def check(build: str, source: str = "") -> None:
    """Raises InstallError for what can be told before anybody is asked or anything is fetched."""
    pip_command(python_command())
    source_options(build, source)


class TorchInstall:
    """One installation. Call ``poll()`` now and then; ``done`` tells when it is over, ``error`` how it ended."""

    def __init__(self, target: Path, build: str = "CPU", index: str = "", packages: tuple[str, ...] = ("torch",)):
        self.target = target
        self.staging = target.with_name(target.name + ".new")
        self.log = target.with_name("install.log")
        self.fraction, self.message = 0.0, "Starting"
        self.done, self.error, self.result = False, "", {}
        self._expected = SIZES[build][0] * 1e6
        self._received, self._current, self._offset, self._rest = 0, 0, 0, ""
        self._phase = "install"
        self._what = "The missing packages" if build == "MISSING" else "PyTorch"
        self._verify = _VERIFY_BESIDE if build == "MISSING" else _VERIFY
        try:
            self._python = python_command()
            command, version = pip_command(self._python)
            shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir(parents=True)
            self._start([*command, "install", "--target", str(self.staging), "--no-input", "--no-warn-script-location",
                         "--disable-pip-version-check", "--progress-bar", progress_style(version),
                         *source_options(build, index),
                         *(("--no-deps", *BESIDE) if build == "MISSING" else packages)])
        except PythonError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"{self._what} could not be installed into {target}: {error.strerror or error}")

    def _start(self, command: list[str]) -> None:
        self._offset, self._rest = 0, ""
        with open(self.log, "wb") as log:
            # PYTHONPATH of the surrounding shell must not decide what the verification imports
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                             start_new_session=os.name == "posix",
                                             env=environment | {"PYTHONUNBUFFERED": "1"})

    def poll(self) -> None:
        """Reads what the process wrote and moves on to the next step when it has ended."""
        if self.done:
            return
        self._read()
        code = self._process.poll()
        if code is None:
            return
        self._read()
        if code != 0:
            self._fail(self._reason(code))
        elif self._phase == "install":
            self._phase, self.message, self.fraction = "verify", "Checking that it works", 0.95
            self._start([self._python, "-c", self._verify, str(self.staging)])
        else:
            self._finish()

    def cancel(self) -> None:
        """Stops and leaves nothing behind."""
        if not self.done:
            self._stop()
            self._fail("The installation was cancelled; nothing was changed")

    def _read(self) -> None:
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self._offset)
            text = self._rest + log.read()
            self._offset = log.tell()
        *lines, self._rest = text.split("\n")
        for line in lines:
            if (match := _PROGRESS.match(line)) and self._phase == "install":
                self._current = int(match[1])
                if match[1] == match[2]:
                    self._received, self._current = self._received + int(match[2]), 0
                megabytes = (self._received + self._current) / 1e6
                self.fraction = min(0.85, 0.85 * megabytes * 1e6 / self._expected)
                self.message = f"Downloading, {megabytes:.0f} MB so far"
            elif line.startswith("Installing collected packages"):
                self.message, self.fraction = "Unpacking", 0.88
            elif match := _DOWNLOADING.match(line):
                self.message = f"Downloading {match[1].rsplit('/', 1)[-1]}"

    def _reason(self, code: int) -> str:
        lines = [line.strip() for line in self.log.read_text("utf-8", "replace").splitlines() if line.strip()]
        unreachable = next(filter(None, map(_UNREACHABLE.search, lines)), None)
        if unreachable and self._phase == "install":
            return (f"{self._what} could not be installed: the package index cannot be reached ({unreachable[1]}); "
                    "check the network, or choose a folder of wheels as Package Source")
        errors = [line for line in lines if line.startswith("ERROR") or "Error" in line.split(":")[0]]
        last = (errors or lines or [f"exit code {code}"])[-1].removeprefix("ERROR: ")
        step = "was downloaded but cannot be imported" if self._phase == "verify" else "could not be installed"
        return f"{self._what} {step}: {last}"

    def _finish(self) -> None:
        try:
            line = self.log.read_text("utf-8", "replace").strip().splitlines()[-1]
            self.result = json.loads(line)
            old = self.target.with_name(self.target.name + ".old")
            shutil.rmtree(old, ignore_errors=True)
            if self.target.exists():
                self.target.rename(old)
            self.staging.rename(self.target)
            shutil.rmtree(old, ignore_errors=True)
        except (OSError, ValueError, IndexError) as error:
            self._fail(f"{self._what} could not be put in place: {error}")
            return
        self.done, self.fraction = True, 1.0
        device = self.result["device"]
        self.message = f"PyTorch {self.result['version']} works ({device})" if device else "The packages work"

    def _fail(self, sentence: str) -> None:
        self.done, self.error, self.message = True, sentence, sentence
        shutil.rmtree(self.staging, ignore_errors=True)

    def _stop(self) -> None:
        if self._process.poll() is None:
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)    # pip's own child processes too
            else:
                self._process.kill()
            self._process.wait()
