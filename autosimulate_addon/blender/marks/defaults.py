"""What a mark is unless the user says otherwise: family, limits, choices and a WIDE start.

Wide, because the optimiser narrows more reliably than it finds its way out of a narrow wrong guess; how wide, RNA's
own limits and the size of the scene tell.
"""

from __future__ import annotations

import math

import bpy
import numpy as np

from ...protocol import FAMILIES, FILM, InputError, suggestion
from ...protocol.moments import beta_std, lognormal_ratio
from .. import drawable, paths, pointers, property_info
from ..paths import PropertyRef
from ..property_info import PropertyInfo
from .mark import Mark

#: Spread of a strictly positive quantity at the start, as the standard deviation of its natural logarithm.
POWER_SPREAD = math.log(3.0)        # light energies and strengths: a factor of three either way
SIZE_SPREAD = math.log(1.5)         # focal lengths, radii, scales
#: How far a camera may start from where it is, as a share of its distance from what it sees, and how far it may turn:
#: most of that is still in the picture then.
CAMERA_SHARE, CAMERA_TURN = 0.07, math.radians(5.0)
#: Unlike a place, a number this large is not worth one item each: pick some in geometric steps.
MAX_INTEGERS = 16
BOUNCES = (0, 1, 2, 4, 8, 12)
#: The most samples a pixel that are chosen where no limit is given.
MOST_SAMPLES = 64


def complete(mark: Mark) -> Mark:
    """The mark with family, items, low, high, mean, std and p filled in where they are None or empty.

    For whoever declares a mark: in a scene or a file it is kept complete. Present values of the targets are the
    starting means. Raises InputError for a property that cannot be learnable, or not with the family that is given.
    """
    if mark.family and mark.family not in FAMILIES:
        raise InputError(f"Mark {mark.name!r}: {mark.family!r} is no family of distributions"
                         f"{suggestion(mark.family, FAMILIES)}; use one of {', '.join(FAMILIES)}.")
    if mark.kind in ("PROPERTY", "MATERIAL"):
        check_targets(mark)
    if mark.kind == "FILM":
        return _complete_film(mark)
    if mark.kind in ("MATERIAL", "STATE"):
        return _uniform(mark.with_(family="categorical"))
    info = property_info.describe(mark.targets[0])
    family = mark.family or default_family(mark.targets[0], info)
    mark = mark.with_(family=family)
    if family == "bernoulli":
        return _uniform(mark.with_(items=("off", "on")))
    if family == "categorical":
        present = pointers.labels(pointers.suggested(mark.targets[0])) if info.type == "POINTER" else info.enum_items
        return _uniform(mark.with_(items=mark.items or present))
    if family == "integer":
        return _uniform(mark.with_(items=mark.items or _integers(mark, info)))
    return _complete_continuous(mark, info)


def check_targets(mark: Mark) -> None:
    """Raises InputError when the mark has nothing to draw, or a property that cannot be drawn."""
    if not mark.targets:
        raise InputError(f"Mark {mark.name!r} has no property to draw; remove it or mark the property again.")
    for ref in mark.targets if mark.kind == "PROPERTY" else ():
        drawable.check_drawable(ref)


def default_family(ref: PropertyRef, info: PropertyInfo) -> str:
    """The family for a property by its RNA type, limits, unit and subtype."""
    if info.type == "BOOLEAN":
        return "bernoulli"
    if info.type in ("ENUM", "POINTER"):
        return "categorical"
    if info.type == "INT":
        return "integer"
    if _is_angle(info) or _is_share(info):
        return "bounded"
    if _is_power(ref) or _is_positive(ref, info):
        return "lognormal"
    return "normal"


def _is_angle(info: PropertyInfo) -> bool:
    return info.unit == "ROTATION" or info.subtype in ("ANGLE", "EULER")


def _is_share(info: PropertyInfo) -> bool:
    """Roughness, colours and the like: a soft range inside [0, 1]."""
    return info.soft_min >= 0.0 and info.soft_max <= 1.0


def _is_power(ref: PropertyRef) -> bool:
    owner = paths.resolve(ref).owner
    if isinstance(owner, bpy.types.Light):
        return ref.path == "energy"
    # Sockets carry no limits in RNA; every node that emits calls its power Strength.
    return isinstance(owner, bpy.types.NodeSocket) and owner.name.endswith("Strength") and owner.type == "VALUE"


def _is_positive(ref: PropertyRef, info: PropertyInfo) -> bool:
    if not (info.soft_min >= 0.0 or (info.subtype == "XYZ" and ref.path.endswith("scale"))):
        return False
    return bool((_values(ref) > 0.0).all())


def _values(ref: PropertyRef) -> np.ndarray:
    return np.asarray(paths.get(ref), dtype=np.float64)


def _present(mark: Mark) -> np.ndarray:
    """(targets, size) present values."""
    return np.stack([_values(ref) for ref in mark.targets])


def _complete_continuous(mark: Mark, info: PropertyInfo) -> Mark:
    if info.type not in ("FLOAT", "INT"):
        raise InputError(f"Mark {mark.name!r}: {mark.targets[0]} is not a number, so its distribution cannot be "
                         f"{mark.family}; leave the family out to get the fitting one.")
    present = _present(mark)
    size = present.shape[1]
    if mark.family == "bounded":
        return _complete_bounded(mark, info, present)
    low, high = effective_limits(mark, info)
    if mark.family == "lognormal":
        mean = np.abs(present).mean(axis=0)
        # A light that is off still has to start somewhere.
        mean = np.where(mean > 0.0, mean, 100.0 if mark.targets[0].collection == "lights" else 1.0)
        mean = np.clip(mean, np.where(np.isfinite(low) & (low > 0.0), low, mean), high)
        spread = POWER_SPREAD if _is_power(mark.targets[0]) else SIZE_SPREAD
        given = mean if mark.mean is None else np.abs(mark.mean)    # factors refuses what is not positive
        std = given * lognormal_ratio(spread)
    else:
        mean = np.clip(present.mean(axis=0), low, high)
        std = _normal_spread(mark, info, present)
    return mark.with_(mean=_tuple(mean) if mark.mean is None else _sized(mark.mean, size),
                      std=_tuple(std) if mark.std is None else _sized(mark.std, size),
                      low=_sized(mark.low, size), high=_sized(mark.high, size))


def _complete_bounded(mark: Mark, info: PropertyInfo, present: np.ndarray) -> Mark:
    size = present.shape[1]
    if _is_angle(info) and not math.isfinite(info.soft_max):
        middle = present.mean(axis=0)
        turn = CAMERA_TURN if _is_camera(mark.targets[0]) else math.pi
        default_low, default_high = middle - turn, middle + turn
    else:
        default_low, default_high = np.full(size, info.soft_min), np.full(size, info.soft_max)
    low = default_low if mark.low is None else np.asarray(_sized(mark.low, size))
    high = default_high if mark.high is None else np.asarray(_sized(mark.high, size))
    check_bounded(mark, low, high)
    mean = (low + high) / 2.0 if mark.mean is None else np.asarray(_sized(mark.mean, size))
    std = widest_bounded_std(mean, low, high) if mark.std is None else np.asarray(_sized(mark.std, size))
    return mark.with_(low=_tuple(low), high=_tuple(high), mean=_tuple(mean), std=_tuple(std))


def check_bounded(mark: Mark, low: np.ndarray, high: np.ndarray) -> None:
    """Raises InputError unless these are limits that a bounded distribution can have."""
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InputError(f"Mark {mark.name!r}: {mark.targets[0]} has no limits of its own, so a bounded distribution "
                         "needs both low and high.")
    if (low >= high).any():
        where = int(np.argmax(low >= high))
        raise InputError(f"Mark {mark.name!r}: low {_number(low[where])} is not below high {_number(high[where])}, as "
                         "a bounded distribution needs; change one of them.")


def widest_bounded_std(mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Standard deviation of the widest beta distribution with this mean that is not U-shaped (uniform in the middle).

    Beta(m k, (1 - m) k) has no U-shape from min(m, 1 - m) k = 1 on.
    """
    m = np.clip((mean - low) / (high - low), 1e-3, 1.0 - 1e-3)
    return (high - low) * beta_std(m, 1.0 / np.minimum(m, 1.0 - m))


def _normal_spread(mark: Mark, info: PropertyInfo, present: np.ndarray) -> np.ndarray:
    ref, (_, size) = mark.targets[0], present.shape
    if ref.collection == "objects" and ref.path.endswith("location"):
        axes = slice(None) if ref.index < 0 else slice(ref.index, ref.index + 1)
        spread = scene_spread(paths.data_block(ref))[axes]
    elif math.isfinite(info.soft_max - info.soft_min) and info.soft_max - info.soft_min <= 100.0:
        spread = np.full(size, (info.soft_max - info.soft_min) / 16.0)
    else:
        spread = np.maximum(0.25 * np.abs(present).mean(axis=0), 0.1)
    # Members of a shared distribution that stand apart must all stay likely.
    return np.sqrt(spread ** 2 + present.var(axis=0))


def scene_spread(subject: bpy.types.Object) -> np.ndarray:
    """(3,) how far the subject may reasonably start from where it is, from the scene it is in, in metres.

    Meshes: a quarter of the extent of where all stand. Lights, empties and cameras that keep looking at something: a
    quarter of their distance from the middle of the meshes. Other cameras: so little that they still see it.
    """
    scene = subject.users_scene[0] if subject.users_scene else bpy.context.scene
    places = _places_of_meshes(scene)
    if subject.type != "MESH":
        middle = np.median(places, axis=0) if len(places) else np.zeros(3)
        share = CAMERA_SHARE if subject.type == "CAMERA" and not _tracks(subject) else 0.25
        return np.full(3, max(share * np.linalg.norm(np.array(subject.matrix_world.translation) - middle), 0.05))
    own = max(max(subject.dimensions) / 4.0, 1e-3)
    extent = np.ptp(places, axis=0) if len(places) else np.zeros(3)
    return np.maximum(extent / 4.0, own)


def _is_camera(ref: PropertyRef) -> bool:
    return ref.collection == "objects" and paths.data_block(ref).type == "CAMERA"


def _tracks(subject: bpy.types.Object) -> bool:
    """Whether a constraint turns the object towards something, wherever it stands."""
    return any(made.type in ("TRACK_TO", "DAMPED_TRACK", "LOCKED_TRACK") and not made.mute
               for made in subject.constraints)


def _places_of_meshes(scene: bpy.types.Scene) -> np.ndarray:
    """(N, 3) where the meshes stand, without grounds and backdrops."""
    return np.array([made.matrix_world.translation[:] for made in standing_meshes(scene)]).reshape(-1, 3)


def standing_meshes(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Rendered meshes in the camera's reach, without grounds and backdrops (wider than twice their distance from it).

    One that stands nowhere (NaN), or beyond the clip end, is in no image and says nothing of how large the scene is.
    """
    return [made for made in scene.objects
            if made.type == "MESH" and not made.hide_render and _is_in_reach(made, scene.camera)]


def _is_in_reach(made: bpy.types.Object, camera: bpy.types.Object | None) -> bool:
    place = made.matrix_world.translation
    if camera is None:
        return all(map(math.isfinite, place))
    distance = (camera.matrix_world.translation - place).length
    return max(made.dimensions) <= 2.0 * distance <= 2.0 * getattr(camera.data, "clip_end", math.inf)


def effective_limits(mark: Mark, info: PropertyInfo) -> tuple[np.ndarray, np.ndarray]:
    """(low, high), each (size,): RNA's hard limits, narrowed by the mark's. Infinite where there are none."""
    size = info.size
    low, high = np.full(size, info.hard_min), np.full(size, info.hard_max)
    for given, limit, worse, which in ((mark.low, low, np.less, "low"), (mark.high, high, np.greater, "high")):
        if given is None:
            continue
        given = np.asarray(_sized(given, size))
        beyond = worse(given, limit) & np.isfinite(given)
        if beyond.any():
            raise InputError(f"Mark {mark.name!r}: {which} {_number(given[beyond][0])} is beyond the property's own "
                             f"limit {_number(limit[beyond][0])}; use that limit or leave {which} out.")
        limit[:] = np.where(np.isfinite(given), given, limit)
    if (low > high).any():
        where = int(np.argmax(low > high))
        raise InputError(f"Mark {mark.name!r}: low {_number(low[where])} is above high {_number(high[where])}; "
                         "exchange them.")
    return low, high


def _integers(mark: Mark, info: PropertyInfo) -> tuple[str, ...]:
    if info.type != "INT":
        raise InputError(f"Mark {mark.name!r}: {mark.targets[0]} is not a whole number, so its distribution cannot be "
                         "integer; leave the family out to get the fitting one.")
    if mark.targets[0].index < 0 and info.size > 1:
        raise InputError(f"Mark {mark.name!r}: {mark.targets[0]} has {info.size} whole numbers; mark one component "
                         f"(index 0 to {info.size - 1}) at a time.")
    low, high = (float(limit[0]) for limit in effective_limits(mark, info))
    last = mark.targets[0].path.rsplit(".", 1)[-1]
    if last.endswith("samples"):
        chosen = [value for value in (2 ** power for power in range(24)) if low <= value <= high]
        chosen = [value for value in chosen if mark.high is not None or value <= MOST_SAMPLES]
    elif last.endswith("bounces"):
        chosen = [value for value in BOUNCES if low <= value <= high]
    elif high - low < MAX_INTEGERS:
        chosen = list(range(int(low), int(high) + 1))
    elif mark.low is not None and mark.high is not None:
        chosen = sorted({round(value) for value in np.linspace(low, high, 8).tolist()})
    else:
        present = int(_present(mark)[0, 0])
        steps = {present // 4, present // 2, present, present * 2, present * 4} if abs(present) >= 4 else \
            set(range(present - 2, present + 3))
        chosen = sorted(value for value in steps if low <= value <= high)
    if len(chosen) < 2:
        raise InputError(f"Mark {mark.name!r}: there are fewer than two whole numbers from {_number(low)} to "
                         f"{_number(high)} to choose from; widen the limits or list the items.")
    return tuple(str(value) for value in chosen)


def _uniform(mark: Mark) -> Mark:
    if mark.p is None and mark.items:
        mark = mark.with_(p=(1.0 / len(mark.items),) * len(mark.items))
    return mark


def _complete_film(mark: Mark) -> Mark:
    if mark.film not in FILM:
        raise InputError(f"{mark.name!r} is no film factor; use one of {', '.join(sorted(FILM))}.")
    film = FILM[mark.film]
    given = {name: _sized(getattr(mark, name), film.size) or (getattr(film, name),) * film.size
             for name in ("mean", "std", "low", "high")}
    if any(low_ > high_ for low_, high_ in zip(given["low"], given["high"], strict=True)):
        raise InputError(f"Mark {mark.name!r}: low {_number(given['low'][0])} is above high "
                         f"{_number(given['high'][0])}; exchange them.")
    return mark.with_(family=mark.family or film.family, **given)


def _sized(values: tuple[float, ...] | None, size: int) -> tuple[float, ...] | None:
    """One number given for a vector holds for every component."""
    if values is None or len(values) == size:
        return values
    if len(values) == 1:
        return values * size
    raise InputError(f"{len(values)} numbers are given for a property of {size} component{'s' * (size > 1)}; give "
                     f"{size} or one for all.")


def _tuple(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _number(value: float) -> str:
    return f"{float(value):g}"
