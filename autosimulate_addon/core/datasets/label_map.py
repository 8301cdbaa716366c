"""labelmap.txt, which CVAT and Datumaro write beside masks: which colour of a mask means which class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...protocol import InputError
from .class_table import is_background, listed, same_name
from .pictures import read_colours
from .problems import UNKNOWN_COLOUR, FileProblem
from .text_files import read_text

FILE_NAME = "labelmap.txt"


class LabelMap:
    """Classes by colour. ``table`` gives them ids: 0 is the background, the others count from 1 in the file's order."""

    def __init__(self, path: Path) -> None:
        """Raises InputError unless every line is name:red,green,blue and no class or colour comes twice."""
        self.table: dict[int, str] = {0: "background"}
        self._ids: dict[int, int] = {}
        try:
            lines = read_text(path).splitlines()
        except (OSError, ValueError) as error:
            raise InputError(f"The label map '{path}' cannot be read: save it as text in UTF-8.") from error
        for line in lines:
            if line.strip() and not line.lstrip().startswith("#"):
                self._add(path, line.strip())
        if 0 not in self._ids.values():
            self._ids.setdefault(0, 0)              # black, where nothing says what the background is

    def _add(self, path: Path, line: str) -> None:
        name, _, rest = line.partition(":")
        parts = rest.split(":")[0].split(",")
        if not name.strip() or len(parts) != 3 or not all(part.strip().isdecimal() and int(part) < 256
                                                          for part in parts):
            raise InputError(f"The label map '{path}' has the line '{line[:60]}': write name:red,green,blue, each "
                             f"colour from 0 to 255.")
        colour = _packed(np.array([[int(part) for part in parts]], np.uint8)).item()
        name = name.strip()
        if colour in self._ids or any(same_name(name, known) for known in list(self.table.values())[1:]):
            raise InputError(f"The label map '{path}' has the class or the colour of '{name}' twice: give each class "
                             f"a colour of its own.")
        number = 0 if is_background(name) else len(self.table)
        self.table[number] = name
        self._ids[colour] = number

    def ids(self, mask: Path) -> np.ndarray:
        """(H, W) uint16 ids of a mask in colour. Raises FileProblem for colours that are no class's."""
        colours = read_colours(mask)
        values, places = np.unique(_packed(colours), return_inverse=True)
        unknown = [f"{value >> 16},{value >> 8 & 255},{value & 255}" for value in values.tolist()
                   if value not in self._ids]
        if unknown:
            raise FileProblem(UNKNOWN_COLOUR, listed(unknown, 3))
        return np.array([self._ids[value] for value in values.tolist()], np.uint16)[places].reshape(colours.shape[:2])


def read_label_map(folder: Path) -> LabelMap | None:
    """That of ``folder`` or its parent; None where there is none."""
    path = next((place / FILE_NAME for place in (folder, folder.parent) if (place / FILE_NAME).is_file()), None)
    return LabelMap(path) if path else None


def _packed(colours: np.ndarray) -> np.ndarray:
    """(...,) int64 from (..., 3) uint8."""
    wide = colours.astype(np.int64)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
