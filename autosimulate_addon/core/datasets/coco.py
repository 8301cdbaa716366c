"""COCO annotation files (cocodataset.org, "Data format"): polygons, run-length masks and boxes in one JSON file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...protocol import InputError
from .class_table import same_name
from .coco_objects import CocoObject, boxes_of, ids_of
from .image_files import find_image, relative_path
from .problems import (
    AMBIGUOUS_IMAGE,
    BAD_ANNOTATION,
    MISSING_IMAGE,
    REPEATED_ID,
    REPEATED_IMAGE,
    FileProblem,
)
from .source import Sample, Source
from .text_files import read_json

_KEYS = ("images", "annotations", "categories")
_PLACES = ("", "annotations")
_IMAGE_PLACES = ("", "images", "rgb", "../images")
#: What COCO's own file names have before the subset: instances_val2017.json.
_PREFIXES = ("instances_", "person_keypoints_", "annotations_")
#: What programs write as the group of a category that has none.
_NO_GROUP = ("", "none")


def find(folder: Path) -> Source | None:
    """The source for the COCO file in ``folder``, its annotations/, or (COCO's own layout, where ``folder`` is one
    subset's images, as in CVAT's) the annotations/ beside it; None where there is none."""
    files = list(_files(folder, [path for place in _PLACES for path in sorted((folder / place).glob("*.json"))]))
    if not files:
        above = (folder.parent, folder.parent.parent) if folder.parent.name == "images" else (folder.parent,)
        files = list(_files(folder, [path for place in above for path in sorted((place / "annotations").glob("*.json"))
                                     if _subset(path) == folder.name]))
    if len(files) > 1:
        files = _meant(folder, files)
    if len(files) > 1:
        names = ", ".join(_shown(folder, path) for path, _ in files)
        raise InputError(f"'{folder}' holds several COCO files ({names}): keep the one that is meant, or give the "
                         f"folder of one subset.")
    return _source(folder, *files[0]) if files else None


def _files(folder: Path, paths: list[Path]) -> Iterator[tuple[Path, dict]]:
    for path in paths:
        try:
            data = read_json(path)
        except (OSError, ValueError):
            continue
        if isinstance(data, dict) and all(isinstance(data.get(key), list) for key in _KEYS):
            yield path, data


def _meant(folder: Path, files: list[tuple[Path, dict]]) -> list[tuple[Path, dict]]:
    """Of several files those for objects (beside key points of the same images) whose images are here."""
    objects = [item for item in files if item[0].stem.startswith(_PREFIXES[0])] or files
    return [item for item in objects if any(_has_image(folder, item[0], entry) for entry in item[1]["images"][:5])] \
        or objects


def _has_image(folder: Path, path: Path, entry: Any) -> bool:
    try:
        find_image(entry["file_name"], _places(folder, path))
    except (FileProblem, TypeError, KeyError, AttributeError):
        return False
    return True


def _subset(path: Path) -> str:
    prefix = next((prefix for prefix in _PREFIXES if path.stem.startswith(prefix)), "")
    return path.stem.removeprefix(prefix)


def _shown(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else f"{path.parent.name}/{path.name}"


def _source(folder: Path, path: Path, data: dict) -> Source:
    source = Source("COCO", f"COCO ({_shown(folder, path)})", [], ignore=None)
    used = {_key(entry.get("category_id")) for entry in data["annotations"] if isinstance(entry, dict)}
    # Category ids are arbitrary numbers; here they count from 1 in the file's order, and 0 is what no mask covers.
    positions = _categories(path, data["categories"], used, source)
    annotations: dict[Any, list[CocoObject]] = {}
    for number, entry in enumerate(data["annotations"]):
        if not isinstance(entry, dict) or _key(entry.get("image_id")) is None \
                or _key(entry.get("category_id")) not in positions:
            source.problems.add(BAD_ANNOTATION, f"annotation {number}", "its image or category is unknown")
            continue
        annotations.setdefault(_key(entry["image_id"]), []).append(
            CocoObject(positions[_key(entry["category_id"])], entry.get("segmentation"), entry.get("bbox"),
                       entry.get("iscrowd") == 1))
    if not data["annotations"]:
        source.hint = "its list of annotations is empty"
    objects = [entry for entry in data["annotations"] if isinstance(entry, dict)]
    source.has_masks = any(entry.get("segmentation") for entry in objects) \
        or not any(entry.get("bbox") for entry in objects)
    _images(folder, path, data["images"], annotations, source)
    source.samples.sort(key=lambda sample: sample.name)
    return source


def _categories(path: Path, categories: list, used: set, source: Source) -> dict[Any, int]:
    """Category id -> position. Fills the source's table, groups and aliases.

    Roboflow puts a category without annotations first that only groups the others, and may carry the name of one.
    """
    positions: dict[Any, int] = {}
    for entry in categories:
        key = _key(entry.get("id")) if isinstance(entry, dict) else None
        if key is None or not isinstance(entry.get("name"), str) or key in positions or len(positions) >= 60000:
            raise InputError(f"The categories of '{path}' cannot be used: each needs an id of its own and a name.")
        positions[key] = len(positions) + 1
    groups = {_key(entry["id"]): str(entry.get("supercategory") or "") for entry in categories}
    source.table, source.parents = {0: "background"}, {}
    for entry in categories:
        key, name = _key(entry["id"]), entry["name"]
        is_root = groups[key].casefold() in _NO_GROUP and any(
            other != key and same_name(group, name) for other, group in groups.items())
        if is_root and key not in used:
            continue
        source.table[positions[key]] = name
        if groups[key].casefold() not in _NO_GROUP:
            source.parents[positions[key]] = groups[key]
    source.aliases = ({key: position for key, position in positions.items() if isinstance(key, int)},)
    return positions


def _key(value: Any) -> int | str | None:
    """An id as an int where it is a number in any spelling (7, 7.0, "7"), else as text; None for what is no id."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else value
    return value if isinstance(value, int) else None


def _images(folder: Path, path: Path, images: list, annotations: dict[Any, list[CocoObject]], source: Source) -> None:
    names: dict[Any, str] = {}
    files: set[Path] = set()
    for number, entry in enumerate(images):
        key = _key(entry.get("id")) if isinstance(entry, dict) else None
        if key is None or not isinstance(entry.get("file_name"), str):
            source.problems.add(BAD_ANNOTATION, f"image {number}", "it has no file name or id")
            continue
        name = entry["file_name"]
        if key in names:
            source.problems.add(REPEATED_ID, name, f"{key}, as {names[key]}")
            continue
        names[key] = name
        try:
            image = _find_image(name, folder, path)
        except FileProblem as problem:
            source.problems.add(problem.kind, name, problem.detail)
            continue
        if image.resolve() in files:
            source.problems.add(REPEATED_IMAGE, name)
            continue
        files.add(image.resolve())
        objects = annotations.get(key, [])
        source.samples.append(Sample(name, image, partial(ids_of, objects, (entry.get("width"), entry.get("height")),
                                                          partial(source.skipped.add, name=name)),
                                     boxes=partial(boxes_of, objects)))
    lost = len(annotations.keys() - names.keys())
    if lost:
        source.problems.add(BAD_ANNOTATION, f"annotations of {lost} images", "no such image is listed")


def _places(folder: Path, path: Path) -> list[Path]:
    subset = _subset(path)
    return [start / place for place in (*_IMAGE_PLACES, f"images/{subset}", subset)
            for start in (path.parent, folder)]


def _find_image(name: str, folder: Path, path: Path) -> Path:
    """Beside the annotations, in images/, or in the subset's folder; else in the one folder that has it."""
    try:
        return find_image(name, _places(folder, path))
    except FileProblem as problem:
        if problem.kind != MISSING_IMAGE:
            raise
        relative = relative_path(name)
        files = [place / relative for start in (folder / "images", folder) if start.is_dir()
                 for place in sorted(start.iterdir()) if place.is_dir() and (place / relative).is_file()]
        if len(files) > 1:
            raise FileProblem(AMBIGUOUS_IMAGE, " or ".join(str(image.relative_to(folder)) for image in files)) \
                from problem
        if not files:
            raise
        return files[0]
