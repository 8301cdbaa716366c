"""From the names that annotations give to the image files of a folder, and never to a file outside of it."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from ...protocol.photographs import IMAGE_SUFFIXES
from .problems import AMBIGUOUS_IMAGE, BAD_NAME, MISSING_IMAGE, FileProblem, Problems

#: Kinds of photograph that people have and that are not opened here.
_UNREAD_SUFFIXES = (".heic", ".heif", ".avif", ".jxl", ".jp2", ".gif", ".exr", ".hdr", ".tga", ".dng", ".cr2", ".cr3",
                    ".nef", ".arw", ".raw")


def pictures_in(folder: Path, suffixes: tuple[str, ...] = IMAGE_SUFFIXES) -> list[Path]:
    """Picture files of a folder by name; hidden ones (a dot first) are none."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir()
                  if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file())


def unread(folder: Path) -> str:
    """The photographs of a kind that is not opened here, and the mend, in words; "" where there are none."""
    found = pictures_in(folder, _UNREAD_SUFFIXES)
    return f"{found[0].suffix} files, which are not read here: save them as JPEG or PNG" if found else ""


def folded(name: str) -> str:
    """``name`` without what file systems and programs disagree about: case, and composed or decomposed accents."""
    return unicodedata.normalize("NFC", name).casefold()


def relative_path(name: str) -> PurePosixPath:
    """The path that an annotation gives, with either kind of slash. Raises FileProblem where it leads elsewhere."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).drive or "\0" in name or not path.parts:
        raise FileProblem(BAD_NAME)
    return path


def find_image(name: str, places: Iterable[Path]) -> Path:
    """The image ``name`` in the first of ``places`` that has it: under exactly this name in any of them, else under
    the one name that differs only in case or accents. Raises FileProblem."""
    relative = relative_path(name)
    places = list(places)
    for place in places:
        try:
            if (place / relative).is_file():
                return place / relative
        except OSError as error:            # a name longer than the file system takes
            raise FileProblem(MISSING_IMAGE, error.strerror or "") from error
    for place in places:
        near = _names(place / relative.parent).get(folded(relative.name), ())
        if len(near) > 1:
            raise FileProblem(AMBIGUOUS_IMAGE, " or ".join(near))
        if near:
            return place / relative.parent / near[0]
    raise FileProblem(MISSING_IMAGE)


@lru_cache(maxsize=64)
def _names(folder: Path) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = defaultdict(list)
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            names[folded(path.name)].append(path.name)
    return {key: tuple(paths) for key, paths in names.items()}


def forget_folders() -> None:
    """Folders are listed once for all names of a data set; the next data set looks again."""
    _names.cache_clear()


def twins(images: Iterable[Path]) -> set[Path]:
    """The images that share their name but for its ending (7.jpg beside 7.png), so that what is written for the one
    name could mean either."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        by_stem[folded(str(image.with_suffix("")))].append(image)
    return {image for same in by_stem.values() if len(same) > 1 for image in same}


def without_twins(images: list[Path], problems: Problems) -> list[Path]:
    """``images`` without those of :func:`twins`, which become one problem."""
    shared = twins(images)
    for image in images:
        if image in shared:
            problems.add(AMBIGUOUS_IMAGE, image.name)
    return [image for image in images if image not in shared]
