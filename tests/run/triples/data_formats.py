"""Small sets of labelled images in every format that is read, and what of them a damage may take hold of."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass
class Written:
    """A data set on the disk: the folder that is given to the run, and its files by kind."""

    folder: Path
    images: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)
    texts: list[Path] = field(default_factory=list)     # annotations
    tables: list[Path] = field(default_factory=list)    # of class names
    ids: dict[str, int] = field(default_factory=dict)   # what the marks must say of the classes


@dataclass(frozen=True)
class Pictures:
    """What is to be written: ``stems`` of the images, their ``size`` and their ending, and the ``classes`` without
    the background, each of which is one rectangle."""

    stems: Sequence[str]
    classes: Sequence[str]
    size: tuple[int, int] = (16, 12)
    suffix: str = ".png"

    def corners(self, index: int) -> tuple[int, int, int, int]:
        width, height = self.size
        count = len(self.classes)
        return (width * index // count, height // 4, max(width * (index + 1) // count - 1, width * index // count + 1),
                max(3 * height // 4, height // 4 + 1))

    def outline(self, index: int) -> list[float]:
        x0, y0, x1, y1 = self.corners(index)
        return [x0, y0, x1, y0, x1, y1, x0, y1]

    def labels(self) -> np.ndarray:
        found = np.zeros(self.size[::-1], np.uint8)
        for index in range(len(self.classes)):
            x0, y0, x1, y1 = self.corners(index)
            found[y0:y1, x0:x1] = index + 1
        return found

    def save(self, folder: Path, suffix: str | None = None) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{stem}{suffix or self.suffix}" for stem in self.stems]
        random = np.random.default_rng(len(self.stems))
        for path in paths:
            values = random.integers(0, 60, (*self.size[::-1], 3)) + 60 * self.labels()[..., None] % 190
            Image.fromarray(values.astype(np.uint8)).save(path, quality=95)
        return paths

    def save_masks(self, folder: Path, values: Sequence[int] | None = None, ending: str = "") -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{stem}{ending}.png" for stem in self.stems]
        table = np.array(values if values is not None else range(len(self.classes) + 1))
        for path in paths:
            Image.fromarray(table.astype(np.uint16 if table.max() > 255 else np.uint8)[self.labels()]).save(path)
        return paths


def index(images: str = "images", masks: str = "masks", values: Callable[[int], int] = int, table: str = "",
          ending: str = "") -> Callable[[Path, Pictures], Written]:
    def write(folder: Path, pictures: Pictures) -> Written:
        numbers = [0] + [values(number) for number in range(1, len(pictures.classes) + 1)]
        written = Written(folder, pictures.save(folder / images), pictures.save_masks(folder / masks, numbers, ending))
        names = dict(zip(pictures.classes, numbers[1:], strict=True))
        if table:
            path = folder / table
            text = {".json": json.dumps(names, ensure_ascii=False),
                    ".toml": "\n".join(f"{json.dumps(name, ensure_ascii=False)} = {number}"
                                       for name, number in names.items()),
                    ".txt": "\n".join(("background", *pictures.classes))}[path.suffix]
            path.write_text(text, encoding="utf-8")
            written.tables = [path]
        elif values is not int:
            written.ids = names
        return written
    return write


def binary(folder: Path, pictures: Pictures) -> Written:
    return Written(folder, pictures.save(folder / "images"),
                   pictures.save_masks(folder / "masks", [0] + [255] * len(pictures.classes)))


def palette(folder: Path, pictures: Pictures) -> Written:
    written = index()(folder, pictures)
    for path in written.masks:
        with Image.open(path) as mask:
            values = np.asarray(mask)
        painted = Image.fromarray(values).convert("P")
        painted.putdata(values.ravel().tolist())
        painted.putpalette([value for number in range(256) for value in (number * 37 % 256, number * 91 % 256, 9)])
        painted.save(path)
    return written


def _run_lengths(mask: np.ndarray) -> list[int]:
    flat = mask.astype(int).T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return [0, *counts] if flat[0] else counts


def coco(images: str = "images", file: str = "annotations.json", kind: str = "polygons", given: str = "",
         root: bool = False) -> Callable[[Path, Pictures], Written]:
    def segmentation(pictures: Pictures, number: int) -> object:
        if kind == "polygons":
            return [pictures.outline(number)]
        mask = pictures.labels() == number + 1
        if kind == "runs":
            return {"size": list(mask.shape), "counts": _run_lengths(mask)}
        from pycocotools import mask as rle
        packed = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
        return {"size": list(mask.shape), "counts": packed["counts"].decode()}

    def write(folder: Path, pictures: Pictures) -> Written:
        saved = pictures.save(folder / images)
        categories = [{"id": 7 + 3 * number, "name": name, "supercategory": "things" if root else "none"}
                      for number, name in enumerate(pictures.classes)]
        if root:
            categories.insert(0, {"id": 0, "name": "things", "supercategory": "none"})
        data = {"info": {}, "licenses": [], "categories": categories,
                "images": [{"id": 10 + number, "file_name": path.name, "width": pictures.size[0],
                            "height": pictures.size[1]} for number, path in enumerate(saved)],
                "annotations": [{"id": 100 * image + number, "image_id": 10 + image, "category_id": 7 + 3 * number,
                                 "iscrowd": 0, "area": 9, "bbox": [1, 1, 3, 3],
                                 "segmentation": segmentation(pictures, number)}
                                for image in range(len(saved)) for number in range(len(pictures.classes))]}
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf-8")
        return Written(folder / given, saved, texts=[path])
    return write


def bop(one_mask: bool) -> Callable[[Path, Pictures], Written]:
    def write(folder: Path, pictures: Pictures) -> Written:
        numbered = Pictures([f"{number:06d}" for number in range(len(pictures.stems))], pictures.classes,
                            pictures.size, pictures.suffix)
        saved = numbered.save(folder / "rgb")
        objects = [5 + number for number in range(len(pictures.classes))]
        written = Written(folder, saved, texts=[folder / "scene_gt.json"],
                          ids=dict(zip(pictures.classes, objects, strict=True)))
        if one_mask:
            written.masks = numbered.save_masks(folder / "masks", [0, *(16 * number for number in objects)])
        else:
            (folder / "mask_visib").mkdir()
            for stem in numbered.stems:
                for position in range(len(objects)):
                    path = folder / "mask_visib" / f"{stem}_{position:06d}.png"
                    Image.fromarray((numbered.labels() == position + 1).astype(np.uint8) * 255).save(path)
                    written.masks.append(path)
        pose = {"cam_R_m2c": [1, 0, 0, 0, 1, 0, 0, 0, 1], "cam_t_m2c": [0, 0, 1000]}
        written.texts[0].write_text(json.dumps({str(number): [{"obj_id": key, **pose} for key in objects]
                                                for number in range(len(saved))}))
        return written
    return write


def voc(polygons: bool = True, masks: bool = False) -> Callable[[Path, Pictures], Written]:
    def write(folder: Path, pictures: Pictures) -> Written:
        from xml.etree import ElementTree as etree

        written = Written(folder, pictures.save(folder / "JPEGImages"))
        (folder / "Annotations").mkdir()
        for image, stem in zip(written.images, pictures.stems, strict=True):
            root = etree.Element("annotation")
            etree.SubElement(root, "filename").text = image.name
            size = etree.SubElement(root, "size")
            for key, value in zip(("width", "height", "depth"), (*pictures.size, 3), strict=True):
                etree.SubElement(size, key).text = str(value)
            for number, name in enumerate(pictures.classes):
                entry = etree.SubElement(root, "object")
                etree.SubElement(entry, "name").text = name
                box = etree.SubElement(entry, "bndbox")
                x0, y0, x1, y1 = pictures.corners(number)           # VOC counts pixels from 1
                for key, value in zip(("xmin", "ymin", "xmax", "ymax"), (x0 + 1, y0 + 1, x1, y1), strict=True):
                    etree.SubElement(box, key).text = str(value)
                if polygons:
                    outline = etree.SubElement(entry, "polygon")
                    for place, value in enumerate(pictures.outline(number)):
                        etree.SubElement(outline, f"{'xy'[place % 2]}{place // 2 + 1}").text = str(value)
            path = folder / "Annotations" / f"{stem}.xml"
            path.write_bytes(etree.tostring(root, encoding="utf-8"))
            written.texts.append(path)
        if masks:
            written.masks = pictures.save_masks(folder / "SegmentationClass")
            written.tables = [folder / "classes.txt"]
            written.tables[0].write_text("\n".join(pictures.classes), encoding="utf-8")
        return written
    return write


def labelme(images: str = "", kind: str = "polygon") -> Callable[[Path, Pictures], Written]:
    def write(folder: Path, pictures: Pictures) -> Written:
        written = Written(folder, pictures.save(folder / images))
        for image, stem in zip(written.images, pictures.stems, strict=True):
            shapes = []
            for number, name in enumerate(pictures.classes):
                points = np.reshape(pictures.outline(number), (-1, 2)).tolist()
                shapes.append({"label": name, "shape_type": kind, "flags": {}, "group_id": None,
                               "points": points if kind == "polygon" else points[::2]})
            path = folder / f"{stem}.json"
            path.write_text(json.dumps({
                "version": "5.4.1", "flags": {}, "shapes": shapes, "imageData": None,
                "imagePath": f"{images}/{image.name}" if images else image.name, "imageWidth": pictures.size[0],
                "imageHeight": pictures.size[1]}), encoding="utf-8")
            written.texts.append(path)
        return written
    return write


def yolo(outlines: bool = True, subset: str = "") -> Callable[[Path, Pictures], Written]:
    def write(folder: Path, pictures: Pictures) -> Written:
        written = Written(folder, pictures.save(folder / "images" / subset))
        (folder / "labels" / subset).mkdir(parents=True)
        sides = np.array(pictures.size * 4, float)
        for stem in pictures.stems:
            lines = []
            for number in range(len(pictures.classes)):
                values = pictures.outline(number) / sides
                if not outlines:
                    (x0, y0), (x1, y1) = values[:2], values[4:6]
                    values = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]
                lines.append(f"{number} {' '.join(f'{value:.6f}' for value in values)}")
            path = folder / "labels" / subset / f"{stem}.txt"
            path.write_text("\n".join(lines) + "\n")
            written.texts.append(path)
        written.tables = [folder / "data.yaml"]
        names = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n"
                        for number, name in enumerate(pictures.classes))
        written.tables[0].write_text(f"path: .\ntrain: images\nnames:\n{names}", encoding="utf-8")
        return written
    return write


#: By name; what begins with "boxes" has no masks, and is refused for that.
FORMATS: dict[str, Callable[[Path, Pictures], Written]] = {
    "index": index(), "index labels": index(masks="labels"), "index json": index(table="classes.json",
                                                                                 values=lambda n: 40 + 3 * n),
    "index toml": index(table="classes.toml", values=lambda n: 7 * n), "index txt": index(table="classes.txt"),
    "index beside": index("", "", ending="_mask"), "index 16 bit": index(values=lambda n: 300 * n),
    "index labelme": index("JPEGImages", "SegmentationClassPNG", table="class_names.txt"),
    "index ids": index(values=lambda n: 11 * n), "index palette": palette, "binary": binary,
    "coco": coco(), "coco runs": coco(kind="runs"), "coco packed runs": coco(kind="packed"),
    "coco val2017": coco("val2017", "annotations/instances_val2017.json", given="val2017"),
    "coco cvat": coco("images/default", "annotations/instances_default.json"),
    "coco roboflow": coco("", "_annotations.coco.json", root=True),
    "bop": bop(False), "bop masks": bop(True), "voc": voc(), "voc masks": voc(masks=True),
    "boxes voc": voc(polygons=False), "labelme": labelme(), "labelme images": labelme("images"),
    "labelme rectangle": labelme(kind="rectangle"), "yolo": yolo(), "yolo subset": yolo(subset="val"),
    "boxes yolo": yolo(outlines=False),
}
