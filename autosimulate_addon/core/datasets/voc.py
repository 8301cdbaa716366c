"""Pascal VOC (Everingham et al., host.robots.ox.ac.uk/pascal/VOC): one XML file an image with the boxes of its
objects, in SegmentationClass/ the masks of some, and Roboflow's polygons in the XML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

from . import index_masks
from .class_table import same_name
from .image_files import pictures_in
from .outlines import is_finite
from .pictures import MASK_SUFFIXES
from .problems import BAD_ANNOTATION, REPEATED_IMAGE, FileProblem
from .shapes import ClassNumbers, Labels, Shape, add_sample, finish, image_for
from .source import Source
from .text_files import read_xml

_IMAGE_FOLDERS = ("JPEGImages", "images", "")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
#: The classes of the challenge's own masks, whose pixel values count them from 1.
CHALLENGE = ("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
             "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")


def find(folder: Path) -> Source | None:
    """The source for a folder with XML files in Annotations/ or beside its images; None where there are none."""
    place = next((place for place in (folder / "Annotations", folder / "annotations", folder)
                  if any(place.glob("*.xml"))), None)
    if place is None:
        return None
    files = sorted(path for path in place.glob("*.xml") if not path.name.startswith("."))
    numbers = ClassNumbers()
    source = Source("Pascal VOC", f"Pascal VOC ({len(files)} XML files)", [], numbers.table, ignore=None,
                    complete=False)
    labels: dict[Path, Labels] = {}
    names: dict[Path, str] = {}
    places = [folder / name for name in _IMAGE_FOLDERS] + [place]
    for path in files:
        try:
            root = _root(path)
            image = image_for(root.findtext("filename") or path.stem, path.stem, places)
            if image in labels:
                raise FileProblem(REPEATED_IMAGE, image.name)
            labels[image] = Labels(tuple(_shape(element, numbers) for element in root.iter("object")),
                                   (root.findtext("size/width"), root.findtext("size/height")))
            names[image] = image.name
        except FileProblem as problem:
            source.problems.add(problem.kind, path.name, problem.detail)
    masked = _with_masks(folder, labels, numbers)
    if masked is not None:
        return masked
    _note_others(source, places, labels)
    for image, each in labels.items():
        add_sample(source, names[image], image, each)
    finish(source, labels.values())
    return source


def _root(path: Path) -> Element:
    try:
        root = read_xml(path)
    except (OSError, ValueError) as error:
        raise FileProblem(BAD_ANNOTATION, str(error)) from error
    if root.tag != "annotation":
        raise FileProblem(BAD_ANNOTATION, f"it describes <{root.tag}>, not <annotation>")
    return root


def _shape(element: Element, numbers: ClassNumbers) -> Shape:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise FileProblem(BAD_ANNOTATION, "an object has no name")
    try:
        x0, y0, x1, y1 = (float(element.findtext(f"bndbox/{corner}") or "nan") for corner in _CORNERS)
        outlines = tuple(_outline(polygon) for polygon in element.findall("polygon"))
    except ValueError as error:
        raise FileProblem(BAD_ANNOTATION, f"the corners of '{name}' are no numbers") from error
    # Pixels count from 1, and the last ones belong to the box.
    box = None if element.find("bndbox") is None else (x0 - 1, y0 - 1, x1, y1)
    if not is_finite(box or ()) or not all(is_finite(outline) for outline in outlines):
        raise FileProblem(BAD_ANNOTATION, f"the corners of '{name}' are no numbers")
    return Shape(numbers.of(name), outlines, box)


def _outline(polygon: Element) -> list[float]:
    points = polygon.findall("pt")
    if points:
        return [float(point.findtext(axis) or "") for point in points for axis in "xy"]
    count = sum(child.tag.startswith("x") for child in polygon)
    return [float(polygon.findtext(f"{axis}{number}") or "") for number in range(1, count + 1) for axis in "xy"]


def _with_masks(folder: Path, labels: dict[Path, Labels], numbers: ClassNumbers) -> Source | None:
    """The images that have a mask, where the folder has masks: in the challenge that is one in six."""
    masks = next((folder / name for name in ("SegmentationClass", "SegmentationClassPNG")
                  if pictures_in(folder / name, MASK_SUFFIXES)), None)
    if masks is None:
        return None
    pictures = pictures_in(masks)
    stems = {mask.stem for mask in pictures}
    images = pictures_in(folder / "JPEGImages") or pictures_in(folder / "images")
    chosen = [image for image in images if image.stem in stems]
    source = index_masks.source_of(folder, f"{masks.name}/", chosen, pictures)
    source.format, source.description = "Pascal VOC", f"Pascal VOC ({masks.name}/)"
    named = [name for number, name in numbers.table.items() if number]
    if not source.table and named and all(name in CHALLENGE for name in named):
        source.table = {0: "background"} | dict(enumerate(CHALLENGE, 1))
    if len(chosen) < len(images):
        source.notes.append(f"{len(images) - len(chosen)} of {len(images)} images have no mask and are left out.")
    ids = {0: 0} | {number: key for number, known in numbers.table.items() for key, name in source.table.items()
                    if number and same_name(name, known)}
    if ids.keys() == numbers.table.keys():
        source.samples = [replace(sample, boxes=_renumbered(labels.get(sample.image, Labels(())), ids).boxes)
                          for sample in source.samples]
    return source


def _renumbered(labels: Labels, ids: dict[int, int]) -> Labels:
    """With the masks' ids; what does not count (labelme's) has none."""
    return replace(labels, shapes=tuple(replace(shape, number=ids[shape.number]) for shape in labels.shapes
                                        if shape.number in ids))


def _note_others(source: Source, places: list[Path], labels: dict[Path, Labels]) -> None:
    others = [image for image in dict.fromkeys(image for place in places for image in pictures_in(place))
              if image not in labels]
    if others:
        source.notes.append(f"{len(others)} images have no annotation and are left out (first: {others[0].name}).")
