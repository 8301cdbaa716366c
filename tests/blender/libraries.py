"""Libraries whose data-blocks share their names, for tests: every fruit is an object "Body" that wears a "Skin"."""

from __future__ import annotations

from pathlib import Path

import bpy

from tests.blender import scenes


def fruit(path: Path, collection: str, x: float, radius: float = 0.8) -> Path:
    """Saves a library: ``collections[collection]`` holds a ball "Body" at (x, 0, 0) with the material "Skin"."""
    scenes.start()
    made = bpy.data.collections.new(collection)
    made.use_fake_user = True
    skin = scenes.material("Skin", (1.0, 0.0, 0.0) if x < 0 else (0.0, 1.0, 0.0))
    body = scenes.sphere("Body", (x, 0.0, 0.0), radius, collection=made)
    body.data.materials.append(skin)
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.data.libraries.write(str(path), {made, skin, body}, fake_user=True)
    return path


def link(path: Path, **names: str) -> bpy.types.ID:
    """Links one data-block: ``link(path, collections="Apple")``."""
    (kind, name), = names.items()
    with bpy.data.libraries.load(str(path), link=True, relative=bool(bpy.data.filepath)) as (_, wanted):
        setattr(wanted, kind, [name])
    return getattr(wanted, kind)[0]


def orchard(folder: Path) -> bpy.types.Scene:
    """An apple at x = -2 and a pear at x = 2, each linked from ``<folder>/<kind>/fruit.blend``, and nothing else."""
    apple = fruit(folder / "apple/fruit.blend", "Apple", -2.0)
    pear = fruit(folder / "pear/fruit.blend", "Pear", 2.0)
    scene = scenes.start()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "orchard.blend"))
    scene = bpy.context.scene
    scene.collection.children.link(link(apple, collections="Apple"))
    scene.collection.children.link(link(pear, collections="Pear"))
    return scene


def basket(folder: Path) -> bpy.types.Scene:
    """A ball from ``<folder>/basket/outer.blend`` at x = -2, and the pear at x = 2 which that links in its turn."""
    fruit(folder / "pear/fruit.blend", "Pear", 2.0)
    (folder / "basket").mkdir()
    scenes.start()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "basket/outer.blend"))
    made = bpy.data.collections.new("Basket")
    made.use_fake_user = True
    scenes.sphere("Body", (-2.0, 0.0, 0.0), 0.8, collection=made)
    made.children.link(link(folder / "pear/fruit.blend", collections="Pear"))
    bpy.ops.wm.save_mainfile()
    scenes.start()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"))
    scene = bpy.context.scene
    scene.collection.children.link(link(folder / "basket/outer.blend", collections="Basket"))
    bpy.ops.wm.save_mainfile()
    return scene
