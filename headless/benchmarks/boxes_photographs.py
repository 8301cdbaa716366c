"""Photographs with YOLO boxes, copied into folders by what they are for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path


def copied(pictures: Iterable[Path], into: Path, label: str | None = None) -> Path:
    """``into``, with copies of the pictures of an images/ folder and of what the labels/ beside it say of them.

    ``label``: the number that all their boxes get.
    """
    for part in ("images", "labels"):
        (into / part).mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        shutil.copyfile(picture, into / "images" / picture.name)
        name = f"{picture.stem}.txt"
        text = (picture.parent.parent / "labels" / name).read_text(encoding="utf-8")
        if label is not None:
            text = "".join(f"{label} {line.partition(' ')[2]}\n" for line in text.splitlines() if line.strip())
        (into / "labels" / name).write_text(text, encoding="utf-8")
    return into


def name_labels(folder: Path, names: Sequence[str]) -> None:
    """Says what the labels in the folders below ``folder`` are, by their number."""
    # JSON is YAML.
    (folder / "data.yaml").write_text(json.dumps({"names": names}), encoding="utf-8")
