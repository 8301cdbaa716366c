"""Where a run on LM-O begins: what each start changes in the marks of ``lmo``, by mark name.

``expert`` is the scene as it is, made by someone who had looked at the photographs: there is hardly anything to win
from it. ``wide`` are ranges that nobody fitted to these photographs, as people randomise who have not looked; ``dark``
is a wrong guess, a tenth of the light and twice as far away.
"""

from __future__ import annotations

from typing import Any

from ...protocol.moments import around
from . import wide

#: Distance in metres within which a camera may stand that was not fitted to photographs.
_REACH = {"low": 0.4, "high": 3.0}

_WIDE: dict[str, dict[str, Any]] = {
    "Camera Distance": {**_REACH, "mean": 1.7, "std": 0.7},
    "Camera Roll": {"std": 0.6, "low": -3.1, "high": 3.1},
    "Camera Aim X": {"std": 0.2},
    "Camera Aim Y": {"std": 0.2},
    "Ceiling Power": wide.light(18.0),
    "Window Power": wide.light(14.0),
    "Lamp Power": wide.light(6.0),
    "World Strength": wide.world(0.35),
    "Object Gain": {**around(1.0, 2.0), "low": 0.1, "high": 6.0},
    "Object Saturation": {"low": 0.0, "high": 2.0, "mean": 1.0, "std": 0.577},
    **wide.FILM,
}
_DARK: dict[str, dict[str, Any]] = {
    "Camera Distance": {**_REACH, "mean": 2.2, "std": 0.3},
    "Ceiling Power": wide.light(1.8, 2.2),
    "Window Power": wide.light(1.4, 2.2),
    "Lamp Power": wide.light(0.6, 2.2),
    "World Strength": {**around(0.035, 2.2), "low": 0.005, "high": 10.0},
}
#: Changed fields of the marks, by start and mark name.
STARTS: dict[str, dict[str, dict[str, Any]]] = {"expert": {}, "wide": _WIDE, "dark": _DARK}
