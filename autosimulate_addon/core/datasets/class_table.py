"""The file that says which pixel value means which class: classes.json, .toml or .txt, or labelme's class_names.txt."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...protocol import InputError
from .text_files import read_json, read_text

#: The last is labelme's.
FILE_NAMES = ("classes.json", "classes.toml", "classes.txt", "class_names.txt")
#: What labelme calls pixels that do not count.
LABELME_IGNORE = "__ignore__"


def read_class_table(folder: Path) -> dict[int, str]:
    """id -> name from the table in ``folder`` or its parent; empty where there is none.

    Understood: ``{"cube": 1}``, ``{"1": "cube"}``, ``[{"id": 1, "name": "cube"}]``, and a list of names (in a text
    file one a line). A list counts from 0 if it names the background, else from 1, so that 0 stays the background.
    """
    for place in (folder, folder.parent):
        for name in FILE_NAMES:
            if (place / name).is_file():
                return _read(place / name)
    return {}


def _read(path: Path) -> dict[int, str]:
    try:
        if path.suffix == ".txt":
            return _from_lines(read_text(path))
        if path.suffix == ".json":
            return _from_data(read_json(path, unique_keys=True))
        return _from_data(tomllib.loads(read_text(path)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"The class table '{path}' cannot be read: write it as {{\"name\": pixel value, ...}}, "
                         f"or as a list of names.") from error


def _from_lines(text: str) -> dict[int, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    numbered = [re.fullmatch(r"(\d+)\s*[\s:,=]\s*(.+)", line) for line in lines]
    if lines and all(numbered):
        return _unique((int(match[1]), match[2]) for match in numbered if match)
    return _from_data(lines)


def _from_data(data: Any) -> dict[int, str]:
    if isinstance(data, dict) and isinstance(data.get("classes"), (dict, list)):
        data = data["classes"]
    if isinstance(data, dict):
        if all(isinstance(value, str) for value in data.values()):
            return _unique((int(key), value) for key, value in data.items())
        return _unique((value, key) for key, value in data.items())
    if data and isinstance(data[0], dict):
        return _unique((entry["id"], entry["name"]) for entry in data)
    if data and data[0] == LABELME_IGNORE:      # labelme counts it as -1 and stores it as 255
        data = data[1:]
    start = 0 if any(is_background(name) for name in data) else 1
    return _unique(enumerate(data, start))


def _unique(pairs: Any) -> dict[int, str]:
    table: dict[int, str] = {}
    for number, name in pairs:
        if not isinstance(number, int) or isinstance(number, bool) or not isinstance(name, str) or number in table:
            raise ValueError(f"{number!r}: {name!r}")
        table[number] = name
    return table


def same_name(one: str, other: str) -> bool:
    """Whether two class names mean the same: case, spaces, underscores and hyphens do not tell classes apart."""
    return _plain(one) == _plain(other)


def is_background(name: str) -> bool:
    return _plain(name) in ("background", "bg")


def names_in(table: Mapping[int, str]) -> list[str]:
    """The names of a table, without the background's where there are others."""
    return [name for name in table.values() if not is_background(name)] or list(table.values())


def listed(names: Iterable[object], most: int = 8) -> str:
    """"a, b, c and 5 more"."""
    words = [str(name) for name in names]
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
