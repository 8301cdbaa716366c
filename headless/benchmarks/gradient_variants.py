"""What the instrument compares: approximations, and one switch of the estimator at a time."""

from __future__ import annotations

from dataclasses import replace

from autosimulate_addon.core.hypergradient.estimator import EstimatorOptions

#: name: (the family whose large-K reference it is held against, changes of EstimatorOptions)
VARIANTS: dict[str, tuple[str, dict]] = {
    "quadratic, GGN (default)": ("quadratic, GGN", {}),
    "quadratic, Hessian": ("quadratic, Hessian", {}),
    "approximate quadratic, GGN": ("approximate quadratic, GGN", {}),
    "linear": ("linear", {}),
    "no validation": ("no validation", {}),
    "score function for all": ("quadratic, GGN", {"pathwise": False}),
    "score function for all, fresh only": ("quadratic, GGN", {"pathwise": False, "scored": 0}),
    "fresh renders only": ("quadratic, GGN", {"scored": 0}),
    "1 relight": ("quadratic, GGN", {"relights": 1}),
    "8 relights": ("quadratic, GGN", {"relights": 8}),
    "no baseline": ("quadratic, GGN", {"baseline": False}),
    "no clip": ("quadratic, GGN", {"clip": 1e9}),
    "object credit off": ("quadratic, GGN", {"object_credit": False}),
    "object credit on": ("quadratic, GGN", {"object_credit": True}),
    "3 CG iterations": ("quadratic, GGN", {"iterations": 3}),
    "20 CG iterations": ("quadratic, GGN", {"iterations": 20}),
    "damping x 10": ("quadratic, GGN", {"relative_damping": 0.1}),
    "damping / 10": ("quadratic, GGN", {"relative_damping": 0.001}),
    "all renders scored": ("quadratic, GGN", {"scored": 100_000, "relit": 100_000}),
}

_FAMILIES = {
    "quadratic, GGN": {"approximation": "quadratic", "curvature": "ggn"},
    "quadratic, Hessian": {"approximation": "quadratic", "curvature": "hessian"},
    "approximate quadratic, GGN": {"approximation": "approximate-quadratic", "curvature": "ggn"},
    "linear": {"approximation": "linear"},
    "no validation": {"approximation": "no-validation"},
}
FAMILIES = tuple(_FAMILIES)


def family_options(family: str) -> EstimatorOptions:
    """Of the loss alone, as the response that estimates are held against is that of the loss."""
    return replace(EstimatorOptions(miou_weight=0.0), **_FAMILIES[family])


def options_of(variant: str) -> tuple[str, EstimatorOptions]:
    """(its family, its options)."""
    family, changes = VARIANTS[variant]
    return family, replace(family_options(family), **changes)
