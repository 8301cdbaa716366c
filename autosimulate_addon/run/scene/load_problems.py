"""What Blender could not find or would not run when it opened the scene, one sentence each.

Blender says these in its own log only, and renders something else: magenta, nothing, or an object at a driver's 0.
"""

from __future__ import annotations

import ast
import math
import os
from collections.abc import Iterator

import bpy

#: Of one kind, before the rest is only counted.
_NAMED = 8
#: Data-blocks that are read from files of their own; "//" begins a path beside the .blend.
_FILES = (("images", "image"), ("fonts", "font"), ("volumes", "volume"), ("cache_files", "cache"),
          ("movieclips", "movie clip"))

#: What a driver's expression may name where scripts are not run, beside its variables.
_DRIVER_NAMES = frozenset({*dir(math), "abs", "all", "any", "len", "max", "min", "pow", "round", "sum", "bool", "float",
                           "int", "clamp", "lerp", "smoothstep", "frame"})


def find(scene: bpy.types.Scene) -> tuple[str, ...]:
    """Sentences about the open file, in the order of their weight; none where all is well."""
    return tuple(sentence for kind in (_newer, _libraries, _linked, _files, _drivers, _scripts)
                 for sentence in _shortened(list(kind(scene))))


def refused_drivers(scene: bpy.types.Scene) -> tuple[str, ...]:
    """Those of ``find`` that are about drivers."""
    return tuple(_shortened(list(_drivers(scene))))


def _shortened(sentences: list[str]) -> list[str]:
    more = len(sentences) - _NAMED
    return sentences if more <= 0 else [*sentences[:_NAMED], f"{more} more of the same kind are not listed."]


def _newer(_scene: bpy.types.Scene) -> Iterator[str]:
    saved, here = bpy.data.version[:2], bpy.app.version[:2]
    if saved > here:
        yield (f"The scene was saved by Blender {_version(saved)} and is opened by {_version(here)}: what the older "
               f"one does not know is left out.")
    for library in bpy.data.libraries:
        if tuple(library.version[:2]) > here:
            yield (f"The library {library.filepath!r} was saved by Blender {_version(library.version)} and is opened "
                   f"by {_version(here)}: what the older one does not know is left out.")


def _version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version[:2]))


def _libraries(_scene: bpy.types.Scene) -> Iterator[str]:
    for library in bpy.data.libraries:
        if _gone(library):
            yield f"The library {library.filepath!r} is missing: nothing that is linked from it is rendered."


def _gone(library: bpy.types.Library) -> bool:
    # The paths of libraries of libraries, too, are kept relative to the open file.
    return not library.packed_file and (library.is_missing or not os.path.isfile(_absolute(library.filepath, None)))


def _linked(_scene: bpy.types.Scene) -> Iterator[str]:
    """Data-blocks that their libraries do not have (any more)."""
    for collection, block in _blocks():
        if block.is_missing and block.library is not None and not _gone(block.library):
            yield (f"{collection}[{block.name!r}] is not in its library {block.library.filepath!r}, so it is not "
                   f"rendered.")


def _files(_scene: bpy.types.Scene) -> Iterator[str]:
    for collection, word in _FILES:
        for block in getattr(bpy.data, collection, ()):
            if block.users - block.use_fake_user > 0 and not _packed(block):
                for path in _missing_paths(block):
                    effect = {"images": ": it is rendered in magenta", "fonts": ": text is rendered in another"}
                    yield f"The {word} {block.name!r} is missing at {path!r}{effect.get(collection, '')}."


def _packed(block: bpy.types.ID) -> bool:
    return bool(getattr(block, "packed_file", None) or getattr(block, "packed_files", None))


def _missing_paths(block: bpy.types.ID) -> Iterator[str]:
    """What the block should be read from and cannot be: the file is not there, or is empty."""
    source, path = getattr(block, "source", "FILE"), block.filepath
    if source not in ("FILE", "MOVIE", "TILED", "SEQUENCE") or path == "<builtin>":
        return
    if not path:
        if source == "FILE" and isinstance(block, bpy.types.Image):
            yield ""
        return
    absolute = _absolute(path, block.library)
    if source == "SEQUENCE" or getattr(block, "is_sequence", False):
        if not os.path.isdir(os.path.dirname(absolute)):
            yield path
    elif source == "TILED":
        for tile in block.tiles:
            one = absolute.replace("<UDIM>", str(tile.number)).replace(
                "<UVTILE>", f"u{(tile.number - 1001) % 10 + 1}_v{(tile.number - 1001) // 10 + 1}")
            if _unreadable(one):
                yield one
    elif _unreadable(absolute):
        yield path


def _unreadable(path: str) -> bool:
    try:
        return not os.path.isfile(path) or os.path.getsize(path) == 0 or not os.access(path, os.R_OK)
    except (OSError, ValueError):
        return True


def _absolute(path: str, library: bpy.types.Library | None) -> str:
    return os.path.normpath(bpy.path.abspath(path, library=library))


def _drivers(scene: bpy.types.Scene) -> Iterator[str]:
    evaluated = set()           # a driver is found to be refused when it is first asked
    for layer in scene.view_layers:
        layer.update()
        evaluated |= {block.original for block in layer.depsgraph.ids}
    for collection, block in _blocks():
        for holder in (block, getattr(block, "node_tree", None)):
            animation = getattr(holder, "animation_data", None)
            for curve in animation.drivers if animation else ():
                if not curve.driver.is_valid or not curve.is_valid or (
                        block not in evaluated and _needs_scripts(curve.driver)):
                    said = f" ({curve.driver.expression})" if curve.driver.type == "SCRIPTED" else ""
                    yield (f"The driver of {collection}[{block.name!r}].{curve.data_path}{said} has no value here: "
                           f"Blender refuses it, as scripts in files are not run, or what it reads is gone. Bake it "
                           f"or write it as arithmetic on its variables.")


def _needs_scripts(driver: bpy.types.Driver) -> bool:
    """Whether the expression uses more than Blender evaluates where scripts are not run.

    For what the viewport hides: its drivers are first asked by the render.
    """
    if driver.type != "SCRIPTED" or driver.is_simple_expression:
        return False
    try:
        nodes = list(ast.walk(ast.parse(driver.expression.strip(), mode="eval")))
    except (SyntaxError, ValueError):
        return True
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return any(isinstance(node, ast.Attribute) for node in nodes) or not names <= (
        _DRIVER_NAMES | {variable.name for variable in driver.variables})


def _scripts(_scene: bpy.types.Scene) -> Iterator[str]:
    for text in bpy.data.texts:
        if text.use_module:
            yield f"The script {text.name!r} is to run when the file is opened: scripts in files are not run."


def _blocks() -> Iterator[tuple[str, bpy.types.ID]]:
    """Every data-block with the name of its collection."""
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION" and prop.identifier not in ("libraries", "all_ids"):   # (all at once, from 5.0)
            for block in getattr(bpy.data, prop.identifier):
                yield prop.identifier, block
