"""Folders of every format with random damage: each is read, or refused in one line, and never a traceback."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autosimulate_addon.core.datasets import inspect, read_dataset
from autosimulate_addon.protocol import InputError
from tests.core.datasets import test_bop, test_coco_identity, test_outlines_and_boxes
from tests.core.datasets.folders import CLASSES, write

BUILD = {
    "index masks": write,
    "COCO": lambda folder: test_coco_identity.save(folder, test_coco_identity.file()),
    "BOP": lambda folder: test_bop.bop(folder, False),
    "Pascal VOC": lambda folder: test_outlines_and_boxes.voc(folder, polygons=True),
    "LabelMe": lambda folder: test_outlines_and_boxes.labelme(folder, test_outlines_and_boxes.labelme_shapes()),
    "YOLO": lambda folder: test_outlines_and_boxes.yolo(folder, "outlines"),
}
VALUES = [None, "x", -1, 1e30, float("nan"), [], {}, True, "7", 0, [[1]], "../x", 2**70, "\0"]
CASES = 40


def damage_json(path: Path, chance: random.Random) -> None:
    """Puts another value at a random place of the tree."""
    root = node = json.loads(path.read_text(encoding="utf-8-sig"))
    while isinstance(node, (dict, list)) and node:
        key: Any = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], (dict, list)) or chance.random() < 0.2:
            node[key] = chance.choice(VALUES)
            break
        node = node[key]
    path.write_text(json.dumps(root))


def damage(path: Path, chance: random.Random) -> None:
    kind = chance.choice(("gone", "empty", "copy", "upper", "content", "content", "content"))
    if kind == "gone":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "copy":
        path.with_suffix(chance.choice((".jpg", ".png", ".txt", ".json", ".xml"))).write_bytes(path.read_bytes())
    elif kind == "upper":
        path.rename(path.with_name(path.name.upper()))
    elif path.suffix == ".json":
        damage_json(path, chance)
    else:
        content = bytearray(path.read_bytes())
        for _ in range(3):
            content[chance.randrange(len(content))] = chance.choice(b'<>x9\0 .-\xff"&')
        path.write_bytes(bytes(content))


@pytest.mark.parametrize("name", BUILD)
def test_damaged_folders_are_read_or_refused_in_one_line(tmp_path, name):
    chance, ends = random.Random(name), Counter()
    for case in range(CASES):
        folder = tmp_path / str(case)
        BUILD[name](folder)
        damage(chance.choice(sorted(path for path in folder.rglob("*") if path.is_file())), chance)
        ids = chance.choice((None, {"cube": 2, "sphere": 5}))
        try:
            read_dataset(folder, CLASSES, ids, 20, 15, need_masks=chance.random() < 0.8)
            ends["read"] += 1
        except InputError as error:
            assert "\n" not in str(error)
            ends["refused"] += 1
        inspect(folder, CLASSES, ids)
    print(name, dict(ends))
    assert ends["read"] + ends["refused"] == CASES and ends["refused"]
