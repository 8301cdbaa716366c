"""Ranges of people who have not looked at their photographs, for scenes of tables and desks."""

from __future__ import annotations

from typing import Any

from ...protocol.moments import around
from ...protocol.vocabulary import film_key

#: Changed fields of the film's marks, by mark name.
FILM: dict[str, dict[str, Any]] = {
    film_key("exposure"): {"std": 1.2},
    film_key("white_balance"): {"std": 0.4},
    film_key("contrast"): {"std": 0.4},
    film_key("noise"): {"mean": 0.04, "std": 0.04},
    film_key("blur"): {"mean": 1.2, "std": 1.0},
}


def light(watts: float, factor: float = 5.0) -> dict[str, Any]:
    """A lamp's power, some factor more or less than ``watts``."""
    return {**around(watts, factor), "low": 0.02, "high": 3000.0}


def world(strength: float) -> dict[str, Any]:
    """The strength of a world."""
    return {**around(strength, 5.0), "low": 0.005, "high": 30.0}
