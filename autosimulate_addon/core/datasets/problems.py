"""What is wrong with a folder, counted by kind and told in one sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

#: How many files of one kind are named before "and N more".
NAMED = 3


class FileProblem(Exception):
    """One file cannot be used. ``kind`` groups it with others like it, ``detail`` says what is special about it."""

    def __init__(self, kind: tuple[str, str], detail: str = "") -> None:
        super().__init__(f"{kind[0]}: {detail}" if detail else kind[0])
        self.kind = kind
        self.detail = detail


# Kind: (one file, several files). What follows is the list of names.
MISSING_MASK = ("image has no mask", "images have no mask")
MISSING_IMAGE = ("annotated image is not there", "annotated images are not there")
UNREADABLE = ("file cannot be read", "files cannot be read")
TOO_LARGE = ("file is too large to be a photograph", "files are too large to be photographs")
NOT_SHOWN = ("image does not say which value is white: save it with 8 or 16 bits",
             "images do not say which value is white: save them with 8 or 16 bits")
SIZE_MISMATCH = ("mask has another size than its image", "masks have another size than their images")
NOT_INDEXED = ("mask is not a class-index image", "masks are not class-index images")
UNKNOWN_ID = ("mask has values that belong to no class", "masks have values that belong to no class")
UNKNOWN_COLOUR = ("mask has colours that labelmap.txt does not name",
                  "masks have colours that labelmap.txt does not name")
BAD_ANNOTATION = ("annotation cannot be used", "annotations cannot be used")
AMBIGUOUS_IMAGE = ("image shares its name with another, so that its labels could be either's",
                   "images share their names with others, so that their labels could be either's")
AMBIGUOUS_MASK = ("image has several masks", "images have several masks")
REPEATED_ID = ("image has an id that another one has", "images have ids that others have")
REPEATED_IMAGE = ("image is listed twice", "images are listed twice")
LOSSY_MASK = ("mask is a JPEG or WebP, whose compression changes class numbers: save it as PNG",
              "masks are JPEGs or WebPs, whose compression changes class numbers: save them as PNG")
BAD_NAME = ("annotated file name points outside the folder", "annotated file names point outside the folder")


# What is left out without harm to the rest; told as notes.
NO_OUTLINE = ("outline has fewer than three points or no area and is left out",
              "outlines have fewer than three points or no area and are left out")
NO_MASK = ("object has a box but no outline and is left out of the masks",
           "objects have boxes but no outlines and are left out of the masks")
NO_SHAPE = ("shape encloses nothing and is left out", "shapes enclose nothing and are left out")


class Problems:
    """Collects problems by kind, in the order in which the kinds first came up."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, kind: tuple[str, str], name: str, detail: str = "") -> None:
        self._found[kind].append(f"{name}: {detail}" if detail else name)

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[str]:
        """One phrase a kind: "3 masks have ... (a.png, b.png, c.png)"."""
        for (one, several), names in self._found.items():
            different = list(dict.fromkeys(names))
            named = ", ".join(different[:NAMED])
            more = f" and {len(different) - NAMED} more" if len(different) > NAMED else ""
            yield f"{len(names)} {one if len(names) == 1 else several} ({named}{more})"
