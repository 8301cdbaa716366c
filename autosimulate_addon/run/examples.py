"""The example scenes by name, for the help, which has no Blender; what makes them is in ``commands.build``."""

from __future__ import annotations

#: Scenes and where psi may begin in each, the default first.
STARTS = {"demo": ("narrow", "wide", "target"), "clevr": ("narrow", "wide"), "lmo": ("expert", "wide", "dark"),
          "lmo-places": ("uniform",), "solids": ("wide",), "dice": ("wide",)}
#: Of these, those that are made of assets in a folder.
OF_ASSETS = ("clevr", "lmo", "lmo-places", "solids")


def either(words: tuple[str, ...]) -> str:
    """"a, b or c"."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def starts() -> str:
    """Where psi may begin, with the scenes in which it may begin there."""
    scenes: dict[tuple[str, ...], list[str]] = {}
    for scene, names in STARTS.items():
        scenes.setdefault(names, []).append(scene)
    return "; ".join(f"{either(names)} ({', '.join(these)})" for names, these in scenes.items())
