"""Mark -> Factor: what core needs to know of a learnable property (family, limits, start psi), checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import bpy
import numpy as np

from ...protocol import CONTINUOUS, FILM, LARGEST, WIDEST_RATIO, Factor, InputError, Moments, suggestion
from ...protocol.moments import lognormal_median
from .. import drawable, identity, paths, pointers, property_info
from . import states
from .defaults import check_bounded, check_targets, effective_limits
from .mark import Mark

_UNITS = {"LENGTH": "m", "AREA": "m²", "VOLUME": "m³", "ROTATION": "rad", "TIME": "frames", "TIME_ABSOLUTE": "s",
          "MASS": "kg", "CAMERA": "mm", "POWER": "W", "TEMPERATURE": "K", "VELOCITY": "m/s", "WAVELENGTH": "nm"}
#: How far the given probabilities may be from summing to 1 (they are then divided by their sum).
SUM_TOLERANCE = 1e-3
#: How far beyond a limit psi may be, as a share of it: limits are kept in the scene in single precision, psi in double.
SLACK = 1e-6


def factor_of(mark: Mark, psi: Moments | None = None) -> Factor:
    """The complete mark as a Factor. ``psi`` ({"mean", "std"} or {"p"}, plain units) replaces the mark's own start.

    ``owners`` stays empty: only a render session knows instance indices. Raises InputError (naming the mark and the
    mend) for a missing property, limits or start values that make no distribution, or fewer than two choices.
    """
    assert mark.family, f"{mark.name!r} is not complete"
    if mark.kind in ("PROPERTY", "MATERIAL"):
        check_targets(mark)
    if psi is not None:
        mark = mark.with_(**{name: tuple(float(value) for value in np.atleast_1d(values))
                             for name, values in psi.items()})
    if mark.family in CONTINUOUS:
        return _continuous(mark)
    return _discrete(mark)


def factors_of(marks: Sequence[Mark], psi: Mapping[str, Moments] | None = None
               ) -> tuple[Factor, ...]:
    """Factors of all enabled marks; ``psi`` as read by ``psi_properties.read`` (marks it lacks keep their start)."""
    return tuple(factor_of(mark, (psi or {}).get(mark.name)) for mark in marks if mark.enabled)


def unit_of(mark: Mark) -> str:
    """The unit of the drawn values, "" for none."""
    if mark.kind == "FILM":
        return FILM[mark.film].unit
    if mark.kind != "PROPERTY":
        return ""
    ref = mark.targets[0]
    resolved = paths.resolve(ref)
    if isinstance(resolved.owner, bpy.types.Light) and resolved.identifier == "energy":
        return "W/m²" if resolved.owner.type == "SUN" else "W"
    return _UNITS.get(property_info.describe(ref).unit, "")


def _continuous(mark: Mark) -> Factor:
    if mark.kind == "FILM":
        film = FILM[mark.film]
        size, count = film.size, 1
        low, high = np.array(mark.low or (film.low,) * size), np.array(mark.high or (film.high,) * size)
    else:
        info, count = property_info.describe(mark.targets[0]), len(mark.targets)
        for ref in mark.targets[1:]:
            if property_info.describe(ref).size != info.size:
                raise InputError(f"Mark {mark.name!r}: {ref} has not the {info.size} component(s) of "
                                 f"{mark.targets[0]}, so they cannot share a distribution; mark them apart.")
        size = info.size
        low, high = effective_limits(mark, info)
        if mark.family == "bounded":
            check_bounded(mark, low, high)
    mean, std = (_finite(mark, name, getattr(mark, name), size) for name in ("mean", "std"))
    _check_moments(mark, mean, std, low, high)
    unlimited = not (np.isfinite(low).any() or np.isfinite(high).any())
    return Factor(key=mark.name, family=mark.family, count=count, size=size,
                  low=None if unlimited else low, high=None if unlimited else high,
                  start={"mean": mean, "std": std}, locked=mark.locked, unit=unit_of(mark))


def _finite(mark: Mark, name: str, values: Sequence[float], size: int) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (size,):
        raise InputError(f"Mark {mark.name!r}: {name} has {values.size} numbers, but the property has {size} "
                         f"component(s); give {size}.")
    if not np.isfinite(values).all():
        raise InputError(f"Mark {mark.name!r}: {name} is not a finite number; enter one.")
    return values


def _check_moments(mark: Mark, mean: np.ndarray, std: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Raises InputError for a start, or stored psi, that the mark's family cannot have or the optimiser cannot use.

    What the optimiser reaches from any start that passes also passes.
    """
    if not (std > 0.0).all():
        raise InputError(f"Mark {mark.name!r}: the standard deviation {std.min():g} must be above 0; to keep a value "
                         "fixed, unmark the property.")
    if mark.family == "lognormal":
        _check_lognormal(mark, mean, std)
    else:
        _check_size(mark, np.maximum(np.abs(mean), std))
    same = np.float32(low) >= np.float32(high)
    if same.any():
        raise InputError(f"Mark {mark.name!r}: low {low[same][0]:.9g} is not below high {high[same][0]:.9g} in "
                         "Blender's single precision; change one, or unmark the property to keep a value fixed.")
    _check_inside(mark, mean, std, low, high)
    if mark.family == "bounded":
        variance_limit = (mean - low) * (high - mean)    # that of a coin between low and high
        if (std ** 2 >= variance_limit).any():
            where = int(np.argmax(std ** 2 >= variance_limit))
            raise InputError(f"Mark {mark.name!r}: no distribution between {low[where]:g} and {high[where]:g} with "
                             f"mean {mean[where]:g} has the standard deviation {std[where]:g}; choose one below "
                             f"{math.sqrt(max(variance_limit[where], 0.0)):g} and a mean inside of the limits.")


def _check_lognormal(mark: Mark, mean: np.ndarray, std: np.ndarray) -> None:
    if not (mean > 0.0).all():
        raise InputError(f"Mark {mark.name!r}: a log-normal distribution needs a mean above 0, not {mean.min():g}; "
                         "raise it or choose the normal family.")
    ratio = std / mean
    beyond = (ratio > WIDEST_RATIO * (1.0 + SLACK)) | (ratio < (1.0 - SLACK) / WIDEST_RATIO)
    if beyond.any():
        raise InputError(f"Mark {mark.name!r}: a log-normal distribution with the mean {mean[beyond][0]:g} cannot have "
                         f"the standard deviation {std[beyond][0]:g}; choose one between a billionth of the mean and "
                         "a billion times it.")
    _check_size(mark, lognormal_median(mean, std))


def _check_size(mark: Mark, values: np.ndarray) -> None:
    if (values > LARGEST * (1.0 + SLACK)).any():
        raise InputError(f"Mark {mark.name!r}: {values.max():g} is more than Blender's numbers hold; keep mean and "
                         f"standard deviation below {LARGEST:g}.")


def _slack(limit: np.ndarray) -> np.ndarray:
    """How far single precision may have moved a limit: what is less than its smallest number may have become 0."""
    return SLACK * np.abs(np.where(np.isfinite(limit), limit, 0.0)) + float(np.finfo(np.float32).tiny)


def _check_inside(mark: Mark, mean: np.ndarray, std: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """The limits of a normal or log-normal clip its draws: its centre must be inside, as the optimiser keeps it.

    The centre of a log-normal is its median; its mean, of the draws before clipping, is larger and may be above high.
    A start with the mean inside and the median below low is one that the optimiser moves inside.
    """
    centre = lognormal_median(mean, std) if mark.family == "lognormal" else mean
    slack = (lambda limit: 0.0) if mark.family == "bounded" else _slack
    below, above = mean < low - slack(low), centre > high + slack(high)
    if not (below | above).any():
        return
    where = int(np.argmax(below | above))
    word, value = ("median", centre[where]) if mark.family == "lognormal" and above[where] else ("mean", mean[where])
    raise InputError(f"Mark {mark.name!r}: {word} {value:g} is outside of the limits {low[where]:g} to "
                     f"{high[where]:g}; move the {word} or widen the limits.")


def _discrete(mark: Mark) -> Factor:
    if len(mark.items) < 2:
        has = "only one choice" if mark.items else "no choices"
        raise InputError(f"Mark {mark.name!r} has {has}; it needs at least two.")
    repeated = {item for item in mark.items if mark.items.count(item) > 1}
    if repeated:
        raise InputError(f"Mark {mark.name!r} lists the choice {sorted(repeated)[0]!r} twice; remove one.")
    p = np.asarray(mark.p, dtype=np.float64)
    check_probabilities(f"Mark {mark.name!r}", p, len(mark.items))
    _check_items(mark)
    return Factor(key=mark.name, family=mark.family, count=max(len(mark.targets), 1), items=mark.items,
                  start={"p": p / p.sum()}, locked=mark.locked, unit=unit_of(mark),
                  shared=states.shared_values(mark.states) if mark.kind == "STATE" and not mark.locked else ())


def check_probabilities(who: str, p: np.ndarray, choices: int) -> None:
    """Raises InputError unless ``p`` is one finite probability per choice, summing to 1."""
    if p.shape != (choices,):
        raise InputError(f"{who}: {p.size} probabilities for {choices} choices; give one for each.")
    if not np.isfinite(p).all() or (p < 0.0).any():
        raise InputError(f"{who}: a probability is {p[~(np.isfinite(p) & (p >= 0.0))][0]:g}; each must be from 0 to 1.")
    if abs(p.sum() - 1.0) > SUM_TOLERANCE:
        raise InputError(f"{who}: the probabilities sum to {p.sum():g}; they must sum to 1.")


def _check_items(mark: Mark) -> None:
    if mark.kind == "MATERIAL":
        for item in mark.items:
            if identity.labelled(bpy.data.materials, item) is None:
                raise InputError(f"Mark {mark.name!r}: there is no material {item!r}"
                                 f"{suggestion(item, bpy.data.materials.keys())}; choose another or remove the choice.")
        for ref in mark.targets:
            # Raises when the object is gone; only some kinds of object can wear materials.
            if not hasattr(getattr(paths.data_block(ref), "data", None), "materials"):
                raise InputError(f"Mark {mark.name!r}: {ref} cannot wear materials; remove it from the mark.")
    elif mark.kind == "STATE":
        if len(mark.states) != len(mark.items):
            raise InputError(f"Mark {mark.name!r} has {len(mark.items)} choices but {len(mark.states)} states; capture "
                             "each state again.")
        for ref in {ref for state in mark.states for ref, _ in state}:
            drawable.check_writable(ref)
        states.check_values(mark.name, mark.items, mark.states)
    elif mark.kind == "PROPERTY":
        for ref in mark.targets:
            _check_property_items(mark, ref)


def _check_blocks(mark: Mark, ref: paths.PropertyRef) -> None:
    for item in mark.items:
        try:
            pointers.block_of(ref, item)
        except InputError as error:
            raise InputError(f"Mark {mark.name!r}: {error}.") from None


def _check_property_items(mark: Mark, ref: paths.PropertyRef) -> None:
    info = property_info.describe(ref)
    if info.type == "POINTER" and mark.family == "categorical":
        _check_blocks(mark, ref)
        return
    wanted = {"bernoulli": "BOOLEAN", "integer": "INT", "categorical": "ENUM"}[mark.family]
    if info.type != wanted:
        kinds = {"BOOLEAN": "a switch", "INT": "a whole number", "ENUM": "a choice among named items"}
        raise InputError(f"Mark {mark.name!r}: {ref} is not {kinds[wanted]}, so its distribution cannot be "
                         f"{mark.family}; leave the family out to get the fitting one.")
    if info.size > 1:
        raise InputError(f"Mark {mark.name!r}: {ref} has {info.size} components; mark one (index 0 to "
                         f"{info.size - 1}) at a time.")
    for item in mark.items if wanted != "BOOLEAN" else ():
        if wanted == "ENUM" and item not in info.enum_items:
            raise InputError(f"Mark {mark.name!r}: {ref} has no item {item!r}{suggestion(item, info.enum_items)}; use "
                             f"one of {', '.join(info.enum_items)}.")
        if wanted == "INT":
            if not item.lstrip("-").isdigit():
                raise InputError(f"Mark {mark.name!r}: {item!r} is not a whole number; list whole numbers only.")
            if not info.hard_min <= int(item) <= info.hard_max:
                raise InputError(f"Mark {mark.name!r}: {item} is outside of the property's own limits "
                                 f"{info.hard_min:g} to {info.hard_max:g}; remove this choice.")
