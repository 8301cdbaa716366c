"""The window in other languages: a file for each, from the English of our labels, tooltips and panels.

Blender shows them where its own language is one of these (Preferences, Interface, Language), and its own words for
what it says itself. Sentences of errors, of runs and of reports are English.
"""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ...blender.marks import editing

#: Blender's names of a language, of which one is known to each version -> its file.
LANGUAGES = {"de_DE": "de", "de": "de"}
#: Where Blender looks a text up: as it is, the label of a button that runs an operator, and what is ours alone.
_CONTEXTS = ("*", "Operator", editing.CONTEXT)


def texts(file: str) -> dict[str, str]:
    """English -> the language of ``file``."""
    return json.loads((Path(__file__).parent / f"{file}.json").read_text(encoding="utf-8"))


def register() -> None:
    bpy.app.translations.register(__name__, {
        language: {(context, english): text for english, text in texts(file).items() for context in _CONTEXTS}
        for language, file in LANGUAGES.items()})


def unregister() -> None:
    bpy.app.translations.unregister(__name__)
