"""The formats that people train with, each made from a data set that was rendered. A new one is a file and a row."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....protocol import InputError, settings, suggestion
from ..split import Split
from . import bop, coco, hdf5, voc, webdataset, yolo
from .rendered import Rendered, read_rendered


@dataclass(frozen=True)
class Format:
    """``write(data, folder)`` fills a new folder; ``packages`` are what it imports beside what every job has."""

    write: Callable[[Rendered, Path], None]
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()        # that must be rendered for it, see ``protocol.Render.extras``


FORMATS: dict[str, Format] = {
    "coco": Format(coco.write),
    "yolo": Format(yolo.write),
    "yolo-seg": Format(yolo.write_outlines, ("contourpy",)),
    "yolo-pose": Format(yolo.write_pose, extras=("keypoints",)),
    "voc": Format(voc.write),
    "bop": Format(bop.write, extras=("amodal", "depth", "pose")),
    "hdf5": Format(hdf5.write, ("h5py",)),
    "webdataset": Format(webdataset.write),
}


PASSES = tuple(choice.id for choice in settings.PASSES)


def chosen(given: str) -> tuple[str, ...]:
    """The formats of a list with commas. Raises InputError for one that there is not, or whose packages are missing."""
    from importlib.util import find_spec

    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    for name in names:
        if name not in FORMATS:
            raise InputError(f"There is no format {name!r}{suggestion(name, FORMATS)}; choose from "
                             f"{', '.join(FORMATS)}.")
        missing = [package for package in FORMATS[name].packages if find_spec(package) is None]
        if missing:
            raise InputError(f"The format {name} needs a package that is not here: pip install {' '.join(missing)}.")
    return names


def extras_of(names: Sequence[str], passes: str) -> tuple[str, ...]:
    """What must be rendered beside the image for these formats and ``passes``, a list with commas. Raises InputError.
    """
    asked = [name.strip() for name in passes.split(",") if name.strip()]
    for name in asked:
        if name not in PASSES:
            raise InputError(f"There is no pass {name!r}{suggestion(name, PASSES)}; choose from {', '.join(PASSES)}.")
    return tuple(sorted({*asked, *(extra for name in names for extra in FORMATS[name].extras)}))


def write_formats(folder: Path, names: Sequence[str], split: Split) -> None:
    """Beside the rendered images in ``folder`` a folder for each format, made anew."""
    data = read_rendered(folder, split)
    for name in names:
        unfinished, whole = folder / f".{name}", folder / name
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        FORMATS[name].write(data, unfinished)
        shutil.rmtree(whole, ignore_errors=True)
        unfinished.rename(whole)
