"""YOLO text files (docs.ultralytics.com/datasets): a line an object, its class index and then centre and size of its
box or the points of its outline, in units of the image's width and height."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...protocol import InputError
from .image_files import folded, pictures_in, without_twins
from .outlines import is_finite
from .problems import BAD_ANNOTATION, FileProblem
from .shapes import Labels, Shape, add_sample, finish
from .source import Source
from .text_files import read_text, read_yaml

#: Class indices begin at 0, so that the background is a number that none of them is.
BACKGROUND = 65535
_MOST_CLASSES = 60_000
#: How far outside the picture a coordinate may be: outlines drawn by hand cross its edge a little.
_MARGIN = 0.1
_NAME_FILES = ("classes.txt", "obj.names", "labels.txt", "names.txt")


def find(folder: Path) -> Source | None:
    """The source for images/ with labels/, one subset of such folders, or text files beside their images; None for
    anything else."""
    for images, labels in _pairs(folder):
        files = {folded(path.stem): path for path in sorted(labels.glob("*.txt"))
                 if path.name not in _NAME_FILES and not path.name.startswith(".")}
        pictures = pictures_in(images)
        if pictures and files and (images != labels or any(folded(picture.stem) in files for picture in pictures)):
            return _source(folder, images, labels, pictures, files)
    return None


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    pairs = [(folder / "images", folder / "labels")]
    if (folder / "images").is_dir() and (folder / "labels").is_dir():
        pairs += [(path, folder / "labels" / path.name) for path in sorted((folder / "images").iterdir())
                  if path.is_dir() and any((folder / "labels" / path.name).glob("*.txt"))]
        if len(pairs) > 2:
            names = ", ".join(f"images/{images.name}" for images, _ in pairs[1:])
            raise InputError(f"'{folder}' holds several sets, of which one is to be given ({names}).")
    if "images" in folder.parts:        # the folder of the images itself, as data.yaml names it
        place = len(folder.parts) - 1 - folder.parts[::-1].index("images")
        pairs.append((folder, Path(*folder.parts[:place], "labels", *folder.parts[place + 1:])))
    return [*pairs, (folder, folder)]


def _source(folder: Path, images: Path, labels: Path, pictures: list[Path], files: dict[str, Path]) -> Source:
    names = _class_names([folder, labels, folder.parent, folder.parent.parent])
    source = Source("YOLO", f"YOLO ({len(files)} text files)", [], ignore=None)
    labels_of: dict[Path, Labels] = {}
    empty = []
    for image in without_twins(pictures, source.problems):
        path = files.pop(folded(image.stem), None)
        shapes: tuple[Shape, ...] = ()
        if path is None:
            empty.append(image)
        else:
            try:
                shapes = _shapes(path, names)
            except FileProblem as problem:
                source.problems.add(problem.kind, path.name, problem.detail)
                continue
        labels_of[image] = Labels(shapes, background=BACKGROUND, relative=True)
        add_sample(source, image.name, image, labels_of[image])
    numbers = {shape.number for each in labels_of.values() for shape in each.shapes}
    source.table = {BACKGROUND: "background"} | (names or {number: f"class {number}" for number in sorted(numbers)})
    source.complete = bool(names)
    if empty:
        source.notes.append(f"{len(empty)} images have no text file and are taken to show no object (first: "
                            f"{empty[0].name}).")
    if files:
        lost = [files[key].name for key in sorted(files) if not any(folded(p.stem) == key for p in pictures)]
        if lost:
            source.notes.append(f"{len(lost)} text files have no image and are left out (first: {lost[0]}).")
    finish(source, labels_of.values())
    return source


def _class_names(places: list[Path]) -> dict[int, str]:
    """Class index -> name from the first YAML file with names, or list of names, in ``places``; empty without."""
    for place in dict.fromkeys(places):
        for path in sorted((*place.glob("*.yaml"), *place.glob("*.yml")), key=lambda path: path.stem != "data"):
            names = _names_in(path, _load(path))
            if names:
                return names
        for path in (place / name for name in _NAME_FILES):
            if path.is_file():
                return _names_in(path, {"names": [line.strip() for line in read_text(path).splitlines()
                                                  if line.strip()]})
    return {}


def _load(path: Path) -> Any:
    try:
        return read_yaml(path)
    except (OSError, ValueError) as error:
        raise InputError(f"The list of classes '{path}' cannot be read ({error}).") from error


def _names_in(path: Path, data: Any) -> dict[int, str]:
    names = data.get("names") if isinstance(data, dict) else None
    if not names:
        return {}
    try:
        if not isinstance(names, (dict, list)):
            raise TypeError
        pairs = list(names.items() if isinstance(names, dict) else enumerate(names))
        # Not lists: ones that name each other ("billion laughs") are short in the file and endless as text.
        if not all(isinstance(name, (str, int, float)) for _, name in pairs):
            raise TypeError
        table = {int(key): str(name) for key, name in pairs}
        if len(table) != len(names) or len(table) > _MOST_CLASSES or min(table) < 0 or max(table) >= _MOST_CLASSES:
            raise ValueError
        return table
    except (TypeError, ValueError) as error:
        raise InputError(f"The names in '{path}' cannot be used: write them as a list, or as index: name.") from error


def _shapes(path: Path, names: dict[int, str]) -> tuple[Shape, ...]:
    try:
        lines = read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise FileProblem(BAD_ANNOTATION, "it is no UTF-8 text") from error
    return tuple(_shape(number, line.split(), names) for number, line in enumerate(lines, 1) if line.strip())


def _shape(line: int, words: list[str], names: dict[int, str]) -> Shape:
    try:
        index, *values = (float(word) for word in words)
    except ValueError as error:
        raise FileProblem(BAD_ANNOTATION, f"line {line} is not numbers") from error
    if not index.is_integer() or not 0 <= index < _MOST_CLASSES or (names and int(index) not in names):
        raise FileProblem(BAD_ANNOTATION, f"line {line} has the class {words[0]}, which is not listed")
    if len(values) % 2 or not values:
        raise FileProblem(BAD_ANNOTATION, f"line {line} has {len(words)} numbers, neither a box nor an outline")
    if not is_finite(values) or not all(-_MARGIN <= value <= 1 + _MARGIN for value in values):
        raise FileProblem(BAD_ANNOTATION, f"line {line} has coordinates that are not between 0 and 1")
    if len(values) == 4:
        x, y, width, height = values
        return Shape(int(index), (), (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return Shape(int(index), (values,))
