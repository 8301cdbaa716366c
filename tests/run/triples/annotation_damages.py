"""What happens to annotations and class tables on their way (see ``data_damages``)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

from tests.run.triples.data_damages import FILE_DAMAGES, Damage, halve
from tests.run.triples.data_formats import Written
from tests.run.triples.deck import EITHER, RESULT, Verdict, refused


def text_cut(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.texts:
        return None
    halve(rng.choice(written.texts))
    return EITHER if "yolo" in kind or kind == "labelme" or "voc" in kind or "labelme" in kind else refused()


def text_marked(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """A byte-order mark, as Windows' editors write it."""
    if not written.texts + written.tables:
        return None
    wide = rng.random() < 0.3 and "voc" not in kind
    for path in written.texts + written.tables:
        text = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-16" if wide else "utf-8-sig")
    return RESULT


def text_lines(written: Written, _kind: str, _rng: random.Random) -> Verdict | None:
    if not written.texts + written.tables:
        return None
    for path in written.texts + written.tables:
        path.write_bytes(path.read_bytes().rstrip().replace(b"\n", b"  \r\n") + b"\r\n\r\n")
    return RESULT


def text_not_utf8(written: Written, _kind: str, rng: random.Random) -> Verdict | None:
    if not written.texts + written.tables:
        return None
    path = rng.choice(written.texts + written.tables)
    path.write_bytes(b"\xff\xf5" + path.read_bytes())
    return refused() if path in written.tables else EITHER


def text_emptied(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.texts:
        return None
    rng.choice(written.texts).write_text("")
    return RESULT if kind.startswith("yolo") else EITHER if "labelme" in kind or kind == "voc masks" else refused()


def no_objects(written: Written, kind: str, _rng: random.Random) -> Verdict | None:
    if kind.startswith("bop") or not written.texts or kind == "voc masks":
        return None
    for path in written.texts:
        if path.suffix == ".json":
            data = json.loads(path.read_text(encoding="utf-8"))
            data["annotations" if "coco" in kind else "shapes"] = []
            path.write_text(json.dumps(data))
        else:
            path.write_text("" if path.suffix == ".txt" else "<annotation><filename>" + next(
                image.name for image in written.images if image.stem == path.stem).replace("&", "&amp;")
                .replace("<", "&lt;") + "</filename></annotation>", encoding="utf-8")
    return refused("no object is annotated", "empty", "no pixel", "do not have the class")


def table_unknown(written: Written, kind: str, _rng: random.Random) -> Verdict | None:
    """Other names than the scene's classes."""
    paths = written.tables if written.tables else written.texts
    if not paths or kind.startswith("bop") or kind == "index labelme":
        return None
    changed = 0
    for path in paths:
        text = path.read_text(encoding="utf-8")
        text, count = re.subn(r"\b(ball|box)\b", "no such thing", text)
        changed += count
        path.write_text(text, encoding="utf-8")
    return refused("class") if changed else EITHER


def _edit(written: Written, rng: random.Random, change: Callable[[dict, random.Random], Any]) -> Verdict | None:
    path = rng.choice(written.texts) if written.texts else None
    if path is None or path.suffix != ".json":
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    verdict = change(data, rng)
    path.write_text(json.dumps(data), encoding="utf-8")
    return verdict


def numbers_as_text(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """Every id and size in quotes, as some exporters write them."""
    def change(data: dict, _rng: random.Random) -> Verdict:
        if "coco" in kind:
            for entry in data["images"] + data["annotations"] + data["categories"]:
                for key in ("id", "image_id", "category_id", "width", "height"):
                    if key in entry:
                        entry[key] = str(entry[key])
            return RESULT
        if "labelme" in kind:
            data["imageWidth"], data["imageHeight"] = str(data["imageWidth"]), str(data["imageHeight"])
            return RESULT
        for poses in data.values():
            poses[0]["obj_id"] = str(poses[0]["obj_id"])
        return refused("scene_gt.json")

    return _edit(written, rng, change)


def coordinates_wrong(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """Text, NaN or 1e30 where a coordinate is to be."""
    bad = rng.choice(("12", float("nan"), 1e30, None, [1], float("-inf"), True))

    def change(data: dict, _rng: random.Random) -> Verdict:
        if "labelme" in kind:
            data["shapes"][0]["points"][0][0] = bad
            return refused("points")
        if "coco" not in kind:
            data["0"][0]["obj_id"] = bad
            return refused("scene_gt.json")
        found = data["annotations"][0]["segmentation"]
        (found[0] if isinstance(found, list) else found["size"])[0] = bad
        return refused()

    return _edit(written, rng, change)


def coordinates_outside(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if kind not in ("coco", "coco cvat", "coco roboflow", "coco val2017", "labelme"):
        return None

    def change(data: dict, _rng: random.Random) -> Verdict:
        if "labelme" in kind:
            data["shapes"][0]["points"][0] = [-7.5, -2]
        else:
            data["annotations"][0]["segmentation"][0][:2] = [-7.5, 99]
        return RESULT

    return _edit(written, rng, change)


def stray_objects(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """Beside the good ones: a box, a point, a line, a crowd."""
    def change(data: dict, _rng: random.Random) -> Verdict | None:
        if "coco" in kind:
            one = data["annotations"][0]
            data["annotations"] += [{**one, "id": 9000 + number, "segmentation": given} for number, given in enumerate(
                (None, [], [[1, 2]], [[1, 1, 2, 2]], [[3, 3, 3, 3, 3, 3]]))]
            return RESULT
        if "labelme" in kind:
            one = data["shapes"][0]
            data["shapes"] += [{**one, "shape_type": shape, "points": [[1, 1], [2, 2]]} for shape in
                               ("point", "line", "linestrip", "circle")]
            return RESULT
        return None

    return _edit(written, rng, change)


def ids_repeated(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    def change(data: dict, rng: random.Random) -> Verdict | None:
        if "coco" not in kind:
            return None
        key = rng.choice(("id", "file_name"))
        data["images"][1][key] = data["images"][0][key]
        return refused("id that another", "twice", "is listed")

    return _edit(written, rng, change)


def ids_unknown(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    def change(data: dict, rng: random.Random) -> Verdict | None:
        if "coco" not in kind:
            return None
        data["annotations"][0][rng.choice(("image_id", "category_id"))] = rng.choice((999, None, "x", 7.5, [1], {}))
        return refused()

    return _edit(written, rng, change)


def name_leads_out(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    name = rng.choice(("../../secret.png", "/etc/hostname", "C:\\x\\a.png", "..", ""))

    def change(data: dict, _rng: random.Random) -> Verdict | None:
        if "coco" in kind:
            data["images"][0]["file_name"] = name
            return refused()
        if "labelme" in kind:
            data["imagePath"] = name
            return EITHER           # the picture that is called as the file is taken where nothing else is meant
        return None

    return _edit(written, rng, change)


def size_stated(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    wrong = rng.choice((0, None, "", 999, "999", -3, "x"))

    def change(data: dict, _rng: random.Random) -> Verdict | None:
        if "coco" not in kind and "labelme" not in kind:
            return None
        for entry in data["images"] if "coco" in kind else [data]:
            entry["width" if "coco" in kind else "imageWidth"] = wrong
        return refused("size") if str(wrong) == "999" else EITHER if wrong == -3 else RESULT

    return _edit(written, rng, change)


def json_of_another_kind(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    paths = [path for path in written.texts if path.suffix == ".json"]
    if not paths:
        return None
    text = rng.choice(("[]", "null", "5", "{}", "[" * 100_000, '{"a": 1, "a": 2}', '{"images": 5}'))
    for path in paths:
        path.write_text(text)
    return refused()


#: Every one there is, of files and of what is in them.
DAMAGES: tuple[Damage, ...] = (
    *FILE_DAMAGES, text_cut, text_marked, text_lines, text_not_utf8, text_emptied, no_objects, table_unknown,
    numbers_as_text, coordinates_wrong, coordinates_outside, stray_objects, ids_repeated, ids_unknown,
    name_leads_out, size_stated, json_of_another_kind)
