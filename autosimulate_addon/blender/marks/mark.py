"""Marks: what the user declared learnable in a scene, as plain data that needs no live Blender object."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ...protocol.vocabulary import film_name
from ..paths import PropertyRef

#: PROPERTY: one RNA property (or one component) of one or several data-blocks; MATERIAL: which material objects wear;
#: STATE: sets of property values captured together; FILM: what happens to the image after rendering (``core.film``).
KINDS = ("PROPERTY", "MATERIAL", "STATE", "FILM")
#: More components than a colour with alpha or a quaternion has are marked one by one.
MAX_SIZE = 4


@dataclass(frozen=True)
class Mark:
    """One learnable quantity with its own distribution q_psi.

    ``targets`` share the distribution and draw one value each. For MATERIAL they are the objects (path ""); FILM and
    STATE have none. ``low``, ``high``, ``mean``, ``std`` are per component, in the property's own units. ``p`` is per
    item. ``states[i]`` is what state ``items[i]`` sets.

    Whoever declares a mark may leave fields out: ``defaults.complete`` fills them in, once. Marks that are read from a
    scene or a file are complete; of those only ``low`` and ``high`` may be None, for no limit but the property's own.
    """

    name: str = ""
    kind: str = "PROPERTY"
    targets: tuple[PropertyRef, ...] = ()
    family: str = ""
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    p: tuple[float, ...] | None = None
    items: tuple[str, ...] = ()
    states: tuple[tuple[tuple[PropertyRef, Any], ...], ...] = ()
    locked: bool = False
    enabled: bool = True

    def with_(self, **changes) -> Mark:
        """A copy with some fields changed."""
        return replace(self, **changes)

    @property
    def film(self) -> str:
        """The film factor's short name ("exposure"), or "" for other kinds."""
        return (film_name(self.name) or self.name) if self.kind == "FILM" else ""


@dataclass(frozen=True)
class ClassTable:
    """What the network is to tell apart, by class index.

    ``members`` says by which data-blocks (objects, collections, materials; path "") a pixel gets its class;
    ``ids`` which pixel value a class has in the validation masks (default: its index); ``labels`` which labels of the
    validation data are a class, by name or id, where the user says so instead; ``keypoints`` which empties are points
    of the objects that they are children of, by the point's name.
    """

    names: tuple[str, ...] = ("background",)
    members: dict[str, tuple[PropertyRef, ...]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    keypoints: dict[str, tuple[PropertyRef, ...]] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def validation_id(self, name: str) -> int:
        return self.ids.get(name, self.names.index(name))

    def same_ids(self) -> tuple[str, str, int] | None:
        """Two classes that are known by one validation id, and the id; None where there are none. Classes that name
        their labels are not known by an id."""
        seen: dict[int, str] = {}
        for name in self.names:
            number = self.validation_id(name)
            if name not in self.labels and seen.setdefault(number, name) != name:
                return seen[number], name, number
        return None
