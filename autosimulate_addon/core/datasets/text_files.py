"""Text that other programs wrote: byte-order marks, JSON, XML and YAML, each read without running anything in it."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ...protocol import InputError

#: What is wrong with a file that cannot be parsed as the JSON that its name says it is.
NO_JSON = "is no JSON, or was cut short"
#: An annotation in XML describes one image; one larger than this is a mistake or an attack.
MAX_XML_BYTES = 20_000_000


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 where it begins with that byte-order mark; the mark is left out.

    Raises OSError and UnicodeDecodeError (a ValueError).
    """
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def read_json(path: Path, *, unique_keys: bool = False) -> Any:
    """The content of a JSON file. With ``unique_keys`` a key that is given twice raises ValueError (JSON's own rule
    is that the last one wins, silently). Raises OSError and ValueError."""
    try:
        return json.loads(read_text(path), object_pairs_hook=_without_repetition if unique_keys else None)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is given twice")
    return result


class _NoDoctype(ElementTree.TreeBuilder):
    """Builds the tree of a document without a DOCTYPE: entities, which can grow without bound or name other files,
    can only be declared in one."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a DOCTYPE")


def read_xml(path: Path) -> ElementTree.Element:
    """The root element of an XML file. Raises OSError, and ValueError for what is no plain XML."""
    if path.stat().st_size > MAX_XML_BYTES:
        raise ValueError("it is too large")
    try:
        return ElementTree.fromstring(path.read_bytes(), ElementTree.XMLParser(target=_NoDoctype()))
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError("it is no XML") from error


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises OSError, ValueError, and InputError where PyYAML is not installed."""
    try:
        import yaml
    except ImportError as error:
        raise InputError(f"Reading '{path}' needs PyYAML, which this Python does not have: install it, or list the "
                         f"class names in classes.txt, one a line.") from error
    try:
        return yaml.safe_load(read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("it is no YAML") from error
