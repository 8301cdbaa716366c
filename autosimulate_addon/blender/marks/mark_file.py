"""Marks from a TOML file, for scenes that carry none (the format is described in docs/marks-file.md).

Data-blocks are named like ``lights['Key']``; ``*`` and ``?`` match several (``objects['Cube*']``). Where no light
(camera, mesh, ...) has the name but an object does, its data is meant: people know the names in the outliner.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...protocol import FAMILIES, FILM, InputError, suggestion
from ...protocol.settings import SETTINGS, renamed
from ...protocol.vocabulary import film_key
from .. import assets, compat, identity, paths, pointers
from ..paths import PropertyRef
from . import mark_scene, states
from .defaults import complete
from .factors import factor_of
from .mark import ClassTable, Mark

_TOP = ("learnable", "classes", "class_ids", "class_labels", "keypoints", "settings")
_COMMON = ("name", "locked", "enabled")
_PROPERTY = ("data", "path", "index", "family", "low", "high", "mean", "std", "p", "items", "assets", *_COMMON)
_MATERIAL = ("data", "materials", "p", *_COMMON)
_FILM = ("film", "family", "low", "high", "mean", "std", "locked", "enabled")
_STATES = ("states", "p", *_COMMON)
_STATE = ("name", "set")


def read(path: str | Path, scene: bpy.types.Scene | None = None) -> tuple[list[Mark], ClassTable, dict[str, Any]]:
    """(marks, classes, settings) of a TOML file, held against the open file's data-blocks.

    ``scene`` is what ``scene`` alone means in ``data`` (default: the active one). Raises InputError that names the
    file, the entry by number, what is wrong and the mend.
    """
    path = Path(path)
    document = _load(path)
    _known(f"{path.name}", document, _TOP)
    scene = scene or bpy.context.scene
    entries = document.get("learnable", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path.name}: learnable must be written as [[learnable]] tables.")
    marks: list[Mark] = []
    for number, entry in enumerate(entries, start=1):
        where = f"{path.name}, learnable {number}"
        try:
            mark = complete(_mark(entry, scene, [mark.name for mark in marks], path.parent))
            factor_of(mark)
            marks.append(mark)
            mark_scene.check(marks)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    try:
        classes = _classes(document.get("classes", {}), document.get("class_ids", {}),
                           document.get("class_labels", {}), scene)
    except InputError as error:
        raise InputError(f"{path.name}, classes: {error}") from None
    try:
        classes = replace(classes, keypoints=_keypoints(document.get("keypoints", {}), scene))
    except InputError as error:
        raise InputError(f"{path.name}, keypoints: {error}") from None
    return marks, classes, _settings(path, document.get("settings", {}))


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"The marks file {path} cannot be read: {error.strerror}; check its name.") from None
    except UnicodeDecodeError:
        raise InputError(f"The marks file {path} is not UTF-8 text; save it as a plain TOML file.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The marks file {path} is not valid TOML: {error}.") from None


def _mark(entry: Mapping[str, Any], scene: bpy.types.Scene, taken: Sequence[str], folder: Path) -> Mark:
    kinds = [key for key in ("film", "states", "materials", "path") if key in entry]
    kind = kinds[0] if kinds else "path"
    _known("it", entry, {"film": _FILM, "states": _STATES, "materials": _MATERIAL, "path": _PROPERTY}[kind])
    flags = {name: _of(entry, name, bool, default) for name, default in (("locked", False), ("enabled", True))}
    numbers = {name: _floats(entry, name) for name in ("low", "high", "mean", "std", "p") if name in entry}
    name = _of(entry, "name", str, "")
    if name and name in taken:
        raise InputError(f"another entry is also named {name!r}; give each its own name.")
    family = _of(entry, "family", str, "")
    if family and family not in FAMILIES:
        raise InputError(f"{family!r} is no family of distributions{suggestion(family, FAMILIES)}; use one of "
                         f"{', '.join(FAMILIES)}.")
    if kind == "film":
        film = _of(entry, "film", str, "")
        if film not in FILM:
            raise InputError(f"{film!r} is no film factor{suggestion(film, tuple(FILM))}; use one of "
                             f"{', '.join(FILM)}.")
        return Mark(film_key(film), "FILM", family=family, **numbers, **flags)
    if kind == "states":
        items, assigned = _states(entry["states"], scene)
        return Mark(mark_scene.unique_name(name or "States", taken), "STATE", items=items, states=assigned, **numbers,
                    **flags)
    if "data" not in entry:
        raise InputError("it names no data; add for example data = \"lights['Light']\" and path = \"energy\".")
    if kind == "materials":
        targets = tuple(_data(entry["data"], scene, drawn=True))
        items = tuple(_label(text, "materials") for text in _strings("materials", entry["materials"]))
        name = name or mark_scene.default_name(targets, "MATERIAL")
        return Mark(mark_scene.unique_name(name, taken), "MATERIAL", targets, items=items, **numbers, **flags)
    targets = _property_targets(entry, scene)
    items = _items(entry, targets[0], folder)
    name = name or mark_scene.default_name(targets)
    return Mark(mark_scene.unique_name(name, taken), "PROPERTY", targets, family=family, items=items, **numbers,
                **flags)


def _items(entry: Mapping[str, Any], ref: PropertyRef, folder: Path) -> tuple[str, ...]:
    """The choices of a property, those out of asset files behind those that are named."""
    kind = pointers.kind(ref)
    items = tuple(_label(str(item), kind) if kind else str(item) for item in _list("items", entry.get("items", [])))
    if "assets" not in entry:
        return items
    if not kind:
        raise InputError(f"assets are given, but {ref} does not point to a data-block; leave them out.")
    blocks = [block for text in _strings("assets", entry["assets"])
              for block in assets.append(folder / bpy.path.abspath(text), kind, called=text)]
    return tuple(dict.fromkeys((*items, *pointers.labels(blocks))))


def _property_targets(entry: Mapping[str, Any], scene: bpy.types.Scene) -> tuple[PropertyRef, ...]:
    path = _of(entry, "path", str, "")
    if not path:
        raise InputError("it has no path; add for example path = \"energy\", or materials, film or states.")
    index = _of(entry, "index", int, -1)
    return tuple(_property(block, path, index) for block in _data(entry["data"], scene, drawn=True))


def _property(block: PropertyRef, path: str, index: int = -1) -> PropertyRef:
    # parse() knows that a trailing [2] of a path is a component.
    parsed = paths.parse("objects['']", path, index)
    ref = replace(block, path=parsed.path, index=parsed.index)
    try:
        paths.resolve(ref)
    except InputError as error:
        raise InputError(f"{str(error).rstrip('.')}{_near_path(ref)}.") from None
    return ref


def _near_path(ref: PropertyRef) -> str:
    """A suggestion for the first part of the path, from left to right, that does not exist."""
    owner: Any = paths.data_block(ref)
    parts = ref.path.split(".")
    for part in parts:
        plain = part.split("[", 1)[0]
        if not isinstance(owner, bpy.types.bpy_struct):
            return ""
        if plain and plain not in owner.bl_rna.properties:
            return suggestion(plain, owner.bl_rna.properties.keys())
        try:
            owner = owner.path_resolve(part)
        except ValueError:
            collection = getattr(owner, plain, None)
            if isinstance(collection, bpy.types.bpy_prop_collection):
                return suggestion(part[len(plain):].strip("[]'\""), collection.keys())
            return ""
    return ""


def _states(value: Any, scene: bpy.types.Scene) -> tuple[tuple[str, ...], tuple[states.State, ...]]:
    items: list[str] = []
    assigned: list[states.State] = []
    for number, entry in enumerate(_list("states", value), start=1):
        if not isinstance(entry, dict):
            raise InputError("states must be written as [[learnable.states]] tables.")
        _known(f"state {number}", entry, _STATE)
        label = _of(entry, "name", str, f"state {number}")
        assignments = entry.get("set", {})
        if not isinstance(assignments, dict) or not assignments:
            raise InputError(f"state {label!r} sets nothing; add set = {{ \"scenes['Scene'].cycles.samples\" = 4 }}.")
        values = []
        for text, new in assignments.items():
            block, path = _split(text)
            for owner in _data(block, scene, drawn=True):
                values.append((_property(owner, path), new))
        items.append(label)
        assigned.append(tuple(values))
    return tuple(items), tuple(assigned)


def _split(text: str) -> tuple[str, str]:
    """``lights['Key'].energy`` -> (``lights['Key']``, ``energy``); quotes may hold dots and brackets."""
    quote, closed = "", False
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif closed or (character == "." and text[:position] == "scene"):
            return text[:position], text[position:].lstrip(".")
        elif character in "'\"":
            quote = character
        elif character == "]":
            closed = True
    raise InputError(f"{text!r} names no property; write it like \"scenes['Scene'].cycles.samples\".")


def _data(value: Any, scene: bpy.types.Scene, *, drawn: bool) -> list[PropertyRef]:
    """Data-blocks named by one text or a list of them (path ""), each once, in the order given.

    What is to be ``drawn`` is the file's own, where there is one of the name: linked data cannot change.
    """
    blocks: dict[PropertyRef, None] = {}
    for text in _strings("data", value):
        blocks.update(dict.fromkeys(map(paths.ref_to, _blocks(text, scene, drawn))))
    if not blocks:
        raise InputError("data is empty; name at least one data-block.")
    return list(blocks)


def _blocks(text: str, scene: bpy.types.Scene, drawn: bool) -> list[bpy.types.ID]:
    if text.strip() == "scene":
        return [scene]
    ref = paths.parse(text, "")
    collection = getattr(bpy.data, ref.collection, None) if not ref.collection.startswith("_") else None
    if not isinstance(collection, bpy.types.bpy_prop_collection):
        known = [prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION"]
        raise InputError(f"{text!r}: {ref.collection!r} is no kind of data-block"
                         f"{suggestion(ref.collection, known)}; use objects, lights, materials, worlds, scenes, ...")
    exact = identity.named(collection, ref.name, ref.library)
    exact = exact or list(dict.fromkeys(
        block.data for block in identity.named(bpy.data.objects, ref.name, ref.library)
        if block.data is not None and collection.get(identity.key(block.data)) == block.data))
    if exact:
        return [_the_one(exact, text, drawn)]
    matched = identity.only_meant(
        block for block in sorted(collection, key=lambda block: block.name_full)
        if fnmatch.fnmatchcase(block.name, ref.name) and identity.is_from(block, ref.library))
    if matched:
        return [block for block in matched if compat.is_editable(block)] or matched if drawn else matched
    names = list(collection.keys())
    close = suggestion(ref.name, names + [block.name for block in bpy.data.objects
                                          if block.data is not None and collection.get(block.data.name) == block.data])
    listing = "" if close or not names else f"; there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
    raise InputError(f"{text} is not in the file{close}{listing}; correct the name.")


def _the_one(blocks: Sequence[bpy.types.ID], text: str, drawn: bool) -> bpy.types.ID:
    own = [block for block in blocks if compat.is_editable(block)]
    if len(blocks) == 1 or (drawn and own):
        return (own or blocks)[0] if drawn else blocks[0]
    collection = paths.collection_of(blocks[0])
    forms = [f"{collection}[{block.name!r}, {identity.written(block, blocks)!r}]" for block in blocks[:4]]
    where = [block.library.filepath if block.library else "this file itself" for block in blocks[:4]]
    raise InputError(f"{text} may be {len(blocks)} different ones, from {' and '.join(where)}; name the library too: "
                     f"{' or '.join(forms)}.")


def _label(text: str, kind: str) -> str:
    """The label of a data-block of this kind, given by its name or as ``materials['Metal', 'lib.blend']``."""
    known = getattr(bpy.data, kind)
    name, library = text, None
    if text.startswith(f"{kind}["):
        ref = paths.parse(text, "")
        name, library = ref.name, ref.library
    blocks = identity.named(known, name, library)
    if not blocks:
        return text         # which ``factors`` says is not there
    if len(blocks) > 1:
        _the_one(blocks, text, drawn=False)
    return identity.label(blocks[0], known)


def _classes(members: Any, ids: Any, labels: Any, scene: bpy.types.Scene) -> ClassTable:
    if not isinstance(members, dict) or not isinstance(ids, dict) or not isinstance(labels, dict):
        raise InputError("classes, class_ids and class_labels must be tables: [classes], [class_ids] and "
                         "[class_labels].")
    names = ["background", *(name for name in members if name != "background")]
    by_class: dict[str, tuple[PropertyRef, ...]] = {}
    owner: dict[PropertyRef, str] = {}
    for name, value in members.items():
        blocks = _data(value, scene, drawn=False)
        for block in blocks:
            if block.collection not in ("objects", "collections", "materials"):
                raise InputError(f"{name!r} lists {block}; a class is made of objects, collections or materials.")
            if owner.setdefault(block, name) != name:
                raise InputError(f"{block} is in {owner[block]!r} and in {name!r}; remove it from one of them.")
        by_class[name] = tuple(blocks)
    for title, given in (("class_ids", ids), ("class_labels", labels)):
        for name in given:
            if name not in names:
                raise InputError(f"{title} names {name!r}, which is no class{suggestion(name, names)}; correct the "
                                 "name.")
    table = {"background": 0}
    for name, value in ids.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
            raise InputError(f"the id of {name!r} is {value!r}; it must be a whole number from 0 to 65535.")
        table[name] = value
    classes = ClassTable(tuple(names), by_class, table,
                         labels={name: _class_labels(name, value) for name, value in labels.items()})
    if same := classes.same_ids():
        raise InputError(f"{same[0]!r} and {same[1]!r} both have the id {same[2]}; give each its own in [class_ids].")
    return classes


def _class_labels(name: str, value: Any) -> tuple[str, ...]:
    labels = _list(name, value)
    if not labels or not all(isinstance(label, (str, int)) and not isinstance(label, bool) and str(label).strip()
                             for label in labels):
        raise InputError(f"the labels of {name!r} are {value!r}; they must be names or whole numbers, such as "
                         f"[\"blue cube\", 3].")
    return tuple(str(label) for label in labels)


def _keypoints(points: Any, scene: bpy.types.Scene) -> dict[str, tuple[PropertyRef, ...]]:
    """[keypoints]: by name, the empties that are such points of the objects above them."""
    if not isinstance(points, dict):
        raise InputError("it must be a table: [keypoints].")
    found = {name: tuple(_data(value, scene, drawn=False)) for name, value in points.items()}
    for name, refs in found.items():
        for ref in refs:
            if getattr(paths.data_block(ref), "type", "") != "EMPTY":
                raise InputError(f"{name!r} lists {ref}, which is no empty: name empties, each a child of its object.")
    return found


def _settings(path: Path, settings: Any) -> dict[str, Any]:
    """[settings]: defaults for the command line's flags of the same names."""
    if not isinstance(settings, dict):
        raise InputError(f"{path.name}: settings must be a table: [settings].")
    rows = {setting.name: setting for setting in SETTINGS if setting.in_marks_file}
    settings = renamed(settings)
    _known(f"{path.name}, settings", settings, tuple(rows))
    for name, value in settings.items():
        try:
            rows[name].check_kind(value)
        except InputError as error:
            raise InputError(f"{path.name}, settings: {error}") from None
    return dict(settings)


def _known(where: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where} has the unknown key {key!r}{suggestion(key, known)}; known here are "
                             f"{', '.join(known)}.")


def _of(entry: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = entry.get(key, default)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {int: "a whole number", str: "text in quotes", bool: "true or false"}
        raise InputError(f"{key} is {value!r}; it must be {words[kind]}.")
    return value


def _floats(entry: Mapping[str, Any], key: str) -> tuple[float, ...]:
    values = _list(key, entry[key])
    if not values or not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        raise InputError(f"{key} is {entry[key]!r}; it must be a number or a list of numbers.")
    return tuple(float(value) for value in values)


def _list(key: str, value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _strings(key: str, value: Any) -> list[str]:
    values = _list(key, value)
    if not values or not all(isinstance(text, str) for text in values):
        raise InputError(f"{key} is {value!r}; it must be text in quotes or a list of such.")
    return values

