"""What the window's fields change of a mark: its learned psi where it has any, else its start; and its family.

Draws and the next run begin from learned psi: a field that changed only the start would be without effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bpy.props import EnumProperty, FloatProperty, FloatVectorProperty

from ...protocol import CONTINUOUS, FAMILIES, InputError
from .. import property_info
from . import factors, learned, mark_scene, presence
from .defaults import complete
from .mark import MAX_SIZE, Mark

#: The families that a property of an RNA type can have.
_FAMILIES = {"FLOAT": tuple(CONTINUOUS), "INT": ("integer", *CONTINUOUS), "BOOLEAN": ("bernoulli",),
             "ENUM": ("categorical",), "POINTER": ("categorical",)}
_ITEMS = {key: (key.upper(), words.label, words.help, "NONE", number)
          for number, (key, words) in enumerate(FAMILIES.items())}
#: In Blender's own translations "Normal" is a direction and "Spread" a spray: ours are looked up beside them.
CONTEXT = "AutoSimulate"
#: Units of ``factors.unit_of`` that Blender's fields can show -> their name in RNA. Others stand in the label.
UNITS = {"m": "LENGTH", "rad": "ROTATION", "W": "POWER", "mm": "CAMERA"}
_LABELS = {"mean": ("Mean", "Mean of the distribution, learned or to start from"),
           "std": ("Spread", "Standard deviation of the distribution, learned or to start from; begin wide"),
           "low": ("Low", "Smallest value that may be drawn"), "high": ("High", "Largest value that may be drawn")}


def field(name: str, unit: str) -> str:
    """The property of a mark that edits "mean", "std", "low" or "high" in this unit."""
    return f"{name}_{UNITS.get(unit, 'none').lower()}"


def families(group: Any) -> tuple[str, ...]:
    """The families that the mark can have, by the type of what it draws."""
    for target in group.targets if group.kind == "PROPERTY" else ():
        try:
            info = property_info.describe(mark_scene.ref_of(group.name, target))
        except InputError:
            continue                                    # the next may still be there
        possible = _FAMILIES.get(info.type, ())
        return tuple(key for key in FAMILIES if key in possible and (key != "integer" or info.size == 1))
    return (group.family.lower(),)


def change_family(group: Any, family: str) -> None:
    """Gives the mark another family, and what that needs: limits, choices, a start that it can have.

    What was learned as mean and spread stays where the new family has them too. Raises InputError, and changes
    nothing, for a family that the property cannot have.
    """
    if family == group.family.lower():
        return
    refs = tuple(mark_scene.ref_of(group.name, target) for target in group.targets
                 if presence.still_there(target))
    bare = Mark(group.name, group.kind, refs, family=family, locked=group.locked, enabled=group.enabled)
    both = {family, group.family.lower()} <= set(CONTINUOUS)
    mark = None
    if both:
        now = mark_scene.mark_of(group)
        mark = _completed(bare.with_(mean=now.mean, std=now.std, low=now.low, high=now.high))
    if mark is None:
        mark = complete(bare)
        factors.factor_of(mark)
    if not both:
        learned.forget(group)
    mark_scene.fill_distribution(group, mark)


def _completed(mark: Mark) -> Mark | None:
    """The mark completed; None where its numbers make no distribution of its family."""
    try:
        mark = complete(mark)
        factors.factor_of(mark)
    except InputError:
        return None
    return mark


def _numbers(name: str) -> tuple[Callable, Callable]:
    """What reads and writes one field of a mark."""
    def get(group: Any) -> Sequence[float]:
        values_now = learned.learned(group, name) if name in ("mean", "std") else None
        return tuple(getattr(group, name)) if values_now is None else (*values_now, *(0.0,) * MAX_SIZE)[:MAX_SIZE]

    def put(group: Any, values: Sequence[float]) -> None:
        if name in ("mean", "std") and learned.learned(group, name) is not None:
            learned.change(group, name, values)
        else:
            setattr(group, name, values)

    return get, put


def annotations() -> dict[str, Any]:
    """The fields of a mark: nothing is stored in them."""
    made: dict[str, Any] = {"shown_family": EnumProperty(
        name="Distribution", description="Family of the distribution, of those that the property can have",
        items=lambda group, _context: [_ITEMS[key] for key in families(group)] if group is not None else [],
        get=lambda group: _ITEMS[group.family.lower()][-1], set=_set_family, options=set(),
        translation_context=CONTEXT)}
    for name, (label, text) in _LABELS.items():
        get, put = _numbers(name)
        for unit in ("NONE", *UNITS.values()):
            made[f"{name}_{unit.lower()}"] = FloatVectorProperty(
                name=label, description=text, size=MAX_SIZE, precision=3, unit=unit, get=get, set=put, options=set(),
                translation_context=CONTEXT,
                **({"min": 0.0} if name == "std" else {}))
    return made


def _set_family(group: Any, number: int) -> None:
    change_family(group, next(key for key, item in _ITEMS.items() if item[-1] == number))


def _item(item: Any) -> tuple[Any, int]:
    """The mark of a choice, and the choice's position."""
    mark, _, position = item.path_from_id().rpartition(".items[")
    return item.id_data.path_resolve(mark), int(position[:-1])


def _get_p(item: Any) -> float:
    group, position = _item(item)
    p = learned.learned(group, "p") or ()
    return p[position] if position < len(p) else item.p


def _set_p(item: Any, value: float) -> None:
    group, position = _item(item)
    if position < len(learned.learned(group, "p") or ()):
        learned.change_p(group, position, value)
    else:
        item.p = value


def probability() -> Any:
    """The field of a choice."""
    return FloatProperty(name="Probability", description="Probability of this choice, learned or to start from",
                         min=0.0, max=1.0, subtype="FACTOR", precision=3, get=_get_p, set=_set_p, options=set())
