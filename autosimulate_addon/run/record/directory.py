"""The run directory: the contract between the window, the command line and the tests. Its files are named only here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...protocol import InputError
from ...protocol.photographs import IMAGE_SUFFIXES
from ..process.streams import finite

#: A generated data set says in this file what it holds; its masks then carry class indices, whatever the scene's ids.
DATASET_FILE = "dataset.json"
#: The sheet that ``preview`` draws, and the one of ``preview --influence``, where only a folder was given for them.
PREVIEW_FILE = "preview.png"
INFLUENCE_FILE = "influence.png"
#: Beside pictures, what a folder of photographs is known by, into which no run goes.
_DATA_FOLDERS = ("images", "labels", "masks", "annotations", "jpegimages")
#: By name, the sheets that a run draws for its report.
SHEETS = ("start", "end", "predictions", "influence")


class NetworkDirectory:
    """The folder of a network to take home."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).expanduser().absolute()
        self.description = self.root / "network.json"

    def model(self, name: str) -> Path:
        """One of ``core.delivered.files.WRITERS``."""
        return self.root / name


class RunDirectory:
    """Names of the files of one run, all below ``root``; nothing is touched until :meth:`create`.

    The folder of another background job is a smaller one: its events, its cancel file, its copy of the scene, its log.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).expanduser().absolute()
        self.config = self.root / "config.json"
        self.scene = self.root / "scene.blend"
        self.marks = self.root / "marks.toml"
        self.events = self.root / "events.jsonl"
        self.checkpoints = self.root / "checkpoint"
        self.renders = self.root / "renders"
        self.psi = self.root / "psi.json"
        self.numbers = self.root / "numbers.json"
        self.report = self.root / "report.html"
        self.report_image = self.root / "report.png"
        self.optimized = self.root / "optimized.blend"
        self.log = self.root / "log.txt"
        self.cancel = self.root / "cancel"
        self.latest_samples = self.root / "latest_samples.png"
        self.sheets = self.root / "sheets"
        self.comparison = self.checkpoints / "comparison.json"      # the part of the final comparison that is done
        self.validation = self.root / "validation"                  # of the demo, which renders its own
        self.test = self.root / "test"
        # Written by the window, in runs that it started:
        self.window = self.root / "window.json"                     # whose scene it is, and psi before the run
        self.window_log = self.root / "window.log"                  # what the process printed
        self.tensorboard = self.root / "tensorboard"                # its event files

    @property
    def network(self) -> NetworkDirectory:
        """What the run gives to take home."""
        return NetworkDirectory(self.root / "network")

    def sheet(self, name: str) -> Path:
        """One of SHEETS."""
        return self.sheets / f"{name}.png"

    def predicted(self, row: str) -> Path:
        """What a network of the final comparison's ``row`` predicts, until the sheet "predictions" is drawn of it."""
        return self.checkpoints / f"predicted_{row}.png"

    @property
    def holds_run(self) -> bool:
        """Whether a run was started here. A lone scene.blend (put there by the window) is not yet a run."""
        return self.config.exists() or self.events.exists()

    def check_new(self) -> None:
        """Raises InputError when this cannot become a new run's directory. Leaves nothing behind."""
        if self.holds_run:
            raise InputError(f"'{self.root}' already holds a run: continue it with --resume '{self.root}', "
                             f"or choose another folder (--output).")
        check_no_pictures(self.root)
        check_writable(self.root)

    def create(self) -> None:
        for folder in (self.root, self.checkpoints, self.renders):
            folder.mkdir(parents=True, exist_ok=True)
        self.cancel.unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        return self.cancel.exists()


def check_writable(folder: Path) -> None:
    """Raises InputError unless files can be made in ``folder`` (which need not exist yet).

    Tried by making a file, because permission bits do not tell of read-only mounts, and mean nothing to root.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise InputError(f"Cannot write to '{folder}' because '{existing}' is a file, not a folder; "
                         f"choose another folder (--output).")
    probe = existing / f".autosimulate-{os.getpid()}"
    try:
        if existing == folder:
            probe.touch(exist_ok=True)
            probe.unlink()
        else:
            probe.mkdir()
            probe.rmdir()
    except OSError as error:
        raise InputError(f"Cannot write to '{folder}' ({error.strerror or error}); choose another folder "
                         f"(--output) or change its permissions.") from error


def check_count(folder: Path, count: int) -> None:
    """Raises InputError when the data set in ``folder`` has more than ``count`` images, which would cut it short."""
    records = folder / "records"
    there = sum(name.endswith(".json") for name in os.listdir(records)) if records.is_dir() else 0
    if there > count:
        raise InputError(f"'{folder}' already holds {there} images, more than the {count} asked for: ask for {there} "
                         f"or more, or choose another folder (--output).")


def check_no_pictures(folder: Path) -> None:
    """Raises InputError where ``folder`` has pictures, or folders of a data set: a run's would be taken for them."""
    found = sorted(os.listdir(folder)) if folder.is_dir() else []
    for name in found:
        if name.lower().endswith(IMAGE_SUFFIXES) or (name.lower() in _DATA_FOLDERS and (folder / name).is_dir()):
            raise InputError(f"'{folder}' has '{name}' in it, with which the run's own files would mix: choose another "
                             f"folder (--output).")


def check_no_run(folder: Path, flag: str) -> None:
    """Raises InputError where ``folder``, that ``flag`` names, is a run's: its own files would be written over."""
    if RunDirectory(folder).holds_run:
        raise InputError(f"'{folder}' holds a run, whose files would be written over: choose another folder ({flag}).")


def check_not_data(folder: Path, **data: str) -> None:
    """Raises InputError when ``folder`` is, or is inside of, one of the folders of real images that are named."""
    for name, given in data.items():
        path = Path(given).expanduser().resolve() if given else None
        if path is not None and path.is_dir() and any(path.iterdir()) and (
                path == folder.resolve() or path in folder.resolve().parents):
            raise InputError(f"'{folder}' is in the folder of the {name} images, with which renders would mix: choose "
                             f"another folder (--output).")


def check_space(folder: Path, needed: int) -> None:
    """Raises InputError when the disk of ``folder`` has less than ``needed`` bytes (plus a small reserve) free."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed + 20_000_000:
        raise InputError(f"'{folder}' needs about {needed / 1e6:.0f} MB and its disk has {free / 1e6:.0f} MB free; "
                         f"free some space or give an --output on another disk.")


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path with the same suffix beside ``path``; on success it takes the place of ``path``.

    Whoever reads ``path`` sees the old file or the whole new one, also after a kill or a loss of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(finite(value), indent=2) + "\n")


def read_json(path: Path, what: str) -> Any:
    """Parsed JSON; InputError names ``what`` the file was to be when it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no {what} at '{path}'.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The {what} '{path}' cannot be read ({error}).") from error
    except (ValueError, RecursionError) as error:       # also a number of thousands of digits
        raise InputError(f"The {what} '{path}' is not valid JSON ({error}).") from error


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":      # Windows cannot open a directory
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
