"""Pascal VOC (Everingham et al.): JPEGImages/, Annotations/ with boxes, SegmentationClass/ and -Object/, ImageSets/."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from .. import pictures
from .rendered import Rendered, RenderedImage, place


def write(data: Rendered, folder: Path) -> None:
    """The images stay PNG, without loss; masks are class indices, 0 is the background."""
    for name in ("JPEGImages", "Annotations", "SegmentationClass", "SegmentationObject"):
        (folder / name).mkdir(parents=True)
    for image in data.images:
        place(image.path, folder / "JPEGImages" / image.path.name)
        place(image.folder / "masks" / image.path.name, folder / "SegmentationClass" / image.path.name)
        tree = ElementTree.ElementTree(_described(image, data.classes))
        ElementTree.indent(tree)
        tree.write(folder / "Annotations" / f"{image.name}.xml", encoding="utf-8")
        _write_objects(image, folder / "SegmentationObject" / image.path.name)
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in data.classes), encoding="utf-8")
    for place_name in ("Main", "Segmentation"):
        lists = folder / "ImageSets" / place_name
        lists.mkdir(parents=True)
        for subset, images in data.subsets():
            (lists / f"{subset}.txt").write_text("".join(f"{image.name}\n" for image in images), encoding="utf-8")


def _described(image: RenderedImage, classes: tuple[str, ...]) -> ElementTree.Element:
    """Corners count pixels from 1, and the last one belongs to the box."""
    root = ElementTree.Element("annotation")
    _add(root, "folder", "JPEGImages")
    _add(root, "filename", image.path.name)
    size = ElementTree.SubElement(root, "size")
    for name, value in zip(("width", "height", "depth"), (*image.size, 3), strict=True):
        _add(size, name, value)
    _add(root, "segmented", 1)
    width, height = image.size
    for each in image.annotations:
        x, y, w, h = each["bbox"]
        element = ElementTree.SubElement(root, "object")
        cut = x == 0 or y == 0 or x + w == width or y + h == height
        for name, value in (("name", classes[each["category_id"]]), ("pose", "Unspecified"), ("truncated", int(cut)),
                            ("difficult", 0)):
            _add(element, name, value)
        box = ElementTree.SubElement(element, "bndbox")
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), (x + 1, y + 1, x + w, y + h), strict=True):
            _add(box, name, value)
    return root


def _add(parent: ElementTree.Element, name: str, value: object) -> None:
    ElementTree.SubElement(parent, name).text = str(value)


def _write_objects(image: RenderedImage, path: Path) -> None:
    """Objects are numbered from 1 in the order of the XML file, where 8 bits have room for them."""
    labels, instances = image.labels(), image.instances()
    numbers = np.zeros(labels.shape, np.uint16)
    for number, each in enumerate(image.annotations, start=1):
        numbers[(instances == each["instance"]) & (labels == each["category_id"])] = number
    if numbers.max(initial=0) < 255:
        pictures.write_mask(path, numbers)
    else:
        pictures.write_image(path, numbers)
