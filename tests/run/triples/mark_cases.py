"""Marks and classes for a scene: good ones of every family with bounds of every kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy

from tests.run.triples.deck import EITHER, RESULT, Raw, Verdict, refused, toml
from tests.run.triples.scene_cases import Scene, naming


@dataclass
class Marks:
    """What goes into a marks file: its tables, and the text around them."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    classes: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    verdict: Verdict = RESULT

    def text(self) -> str:
        lines = []
        for entry in self.entries:
            lines += ["[[learnable]]", *(f"{key} = {toml(value)}" for key, value in entry.items())]
        for title, table in (("classes", self.classes), ("class_ids", self.ids), ("settings", self.settings)):
            if table:
                lines += [f"[{title}]", *(f"{toml(str(key))} = {toml(value)}" for key, value in table.items())]
        return "\n".join(lines) + "\n"


Entry = dict[str, Any]
Case = Callable[[Scene, random.Random], tuple[Entry, Verdict]]


def of(scene: Scene, *roles: str, path: str, **more: Any) -> tuple[Entry, Verdict]:
    """An entry for a property of ``roles``; what is linked is refused."""
    texts = [scene.text(role) for role in roles]
    verdict = refused("librar", "read-only") if scene.fixed.intersection(roles) else RESULT
    return {"data": texts if len(texts) > 1 else texts[0], "path": path, **more}, verdict


#: (low, high, mean, std) of a quantity that is 1 in size, positive and without limits of its own.
BOUNDS: tuple[dict[str, float], ...] = (
    {}, {"low": 0.1}, {"high": 5.0}, {"low": 0.1, "high": 5.0}, {"low": 0.1, "high": 5.0, "mean": 1.0, "std": 0.8},
    {"low": 1.0, "mean": 1.0, "std": 0.5}, {"high": 1.0, "mean": 1.0, "std": 3.0},
    {"low": 0.99, "high": 1.01, "mean": 1.0, "std": 5.0}, {"mean": 1.0, "std": 1e-4}, {"mean": 1e-3, "std": 1e-4},
    {"low": 0.0, "high": 1e6, "mean": 1e3, "std": 1e5}, {"low": 0, "high": 3, "mean": 1, "std": 1})
#: The same, and they cannot be; with words of the sentence.
IMPOSSIBLE: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    ({"low": 1.0, "high": 1.0, "mean": 1.0, "std": 1.0}, ("not below",)), ({"low": 2.0, "high": 1.0}, ("above",
     "not below", "outside")), ({"low": 2.0, "high": 3.0, "mean": 1.0, "std": 0.1}, ("outside",)),
    ({"mean": 1.0, "std": 0.0}, ("above 0",)), ({"mean": 1.0, "std": -2.0}, ("above 0",)),
    ({"mean": Raw("nan"), "std": 1.0}, ("finite", "above 0", "number", "outside")),
    ({"mean": 1.0, "std": Raw("inf")}, ("finite", "Blender's numbers", "above 0", "billion", "number")),
    ({"low": Raw("nan")}, ("number", "finite", "low")), ({"low": "3"}, ("low",)), ({"std": True}, ("std",)),
    ({"mean": [1.0, 2.0]}, ("mean", "component")), ({"mean": []}, ("mean",)),
    ({"low": 1.0, "high": 1.0 + 1e-9, "mean": 1.0, "std": 0.1}, ("single precision",)),
    ({"mean": 1e39, "std": 1.0}, ("Blender's numbers", "outside", "billion")),
    ({"family": "gaussian"}, ("family",)), ({"hihg": 3.0}, ("unknown key",)), ({"family": 5}, ("family",)),
    ({"index": "x"}, ("index",)), ({"index": 9}, ("component",)), ({"locked": "yes"}, ("locked",)))


def energy(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "lamp", path="energy", **rng.choice(BOUNDS), family="lognormal")


def energy_default(scene: Scene, _rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "lamp", path="energy")


def place(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "ball", path="location", index=rng.choice((0, 1)), family="normal", **rng.choice(BOUNDS))


def place_default(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "ball", "box", path=rng.choice(("location", "location[0]")))


def turn(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    more = rng.choice(({}, {"index": 2, "low": -1.0, "high": 1.0, "mean": 0.3, "std": 0.2}, {"index": 0, "low": -1e-3,
                                                                                            "high": 1e-3}))
    return of(scene, "box", path="rotation_euler", family="bounded", **more)


def size(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "ball", path="scale", family="lognormal", **rng.choice(BOUNDS[:4]))


def colour(scene: Scene, _rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "lamp", path="color")


def switch(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "ball", path="hide_render", **rng.choice(({}, {"p": [0.3, 0.7]}, {"family": "bernoulli"})))


def whole_number(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    more = rng.choice(({}, {"items": [0, 1]}, {"low": 0, "high": 3}, {"items": [2, 1, 0], "p": [0.2, 0.3, 0.5]}))
    return of(scene, "scene", path="cycles.max_bounces", **more)


def item(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    if rng.random() < 0.5:
        return of(scene, "scene", path="view_settings.view_transform", items=["Standard", "AgX"])
    return of(scene, "lamp", path="type", family="categorical", items=["POINT", "SPOT"])


def lens(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    if not isinstance(scene.block("camera"), bpy.types.Camera):
        return film(scene, rng)
    return of(scene, "camera", path="lens", low=20.0, high=80.0)


def sky(scene: Scene, _rng: random.Random) -> tuple[Entry, Verdict]:
    if scene.block("world") is None:
        return film(scene, _rng)
    return of(scene, "world", path='node_tree.nodes["Background"].inputs["Strength"].default_value')


def rough(scene: Scene, _rng: random.Random) -> tuple[Entry, Verdict]:
    return of(scene, "paint", path='node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value')


def custom(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    bpy.context.scene["size of it"], bpy.context.scene["on"], bpy.context.scene["list"] = 1.5, True, [1.0, 2.0]
    path, more = rng.choice((('["size of it"]', {"mean": 1.0, "std": 0.5, "family": "normal"}), ('["on"]', {}),
                             ('["list"]', {"index": 1, "mean": 1.0, "std": 0.5, "family": "normal"})))
    return of(scene, "scene", path=path, **more)


def film(_scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    return {"film": rng.choice(("exposure", "white_balance", "contrast", "blur", "noise"))}, RESULT


def materials(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    if scene.fixed:         # a material is named by its name alone: which one may be another question
        return film(scene, rng)
    return {"data": [scene.text("ball"), scene.text("box")], "materials": ["Paint", "Chrome"]}, RESULT


def states(scene: Scene, rng: random.Random) -> tuple[Entry, Verdict]:
    if not isinstance(scene.block("camera"), bpy.types.Camera):
        return film(scene, rng)
    samples, camera = f"{scene.text('scene')}.cycles.samples", f"{scene.text('camera')}.clip_end"
    return {"name": "quality", "states": [{"name": "fast", "set": {samples: 1, camera: 60.0}},
                                          {"name": "fine", "set": {samples: 2, camera: 50}}]}, RESULT


def wildcard(scene: Scene, _rng: random.Random) -> tuple[Entry, Verdict]:
    entry = {"data": "lights['*']", "path": "energy"}
    linked = any(light.library is not None for light in bpy.data.lights)
    return entry, EITHER if linked else RESULT


GOOD: tuple[Case, ...] = (energy, energy, energy_default, place, place, place_default, turn, size, colour, switch,
                          whole_number, item, lens, sky, rough, custom, film, film, materials, states, wildcard)


# ---- classes


def classes(scene: Scene, names: tuple[str, ...], rng: random.Random) -> dict[str, list[str] | str]:
    """Members of every class: objects, or the materials they wear."""
    members: dict[str, list[str] | str] = {}
    for name, thing in zip(names, (scene.ball, scene.box), strict=False):
        wears = thing.material_slots[0].material if thing.material_slots else None
        by_material = rng.random() < 0.2 and wears is not None and scene.ball.data != scene.box.data
        members[name] = naming(wears) if by_material else rng.choice((naming(thing), [naming(thing)]))
    return members
