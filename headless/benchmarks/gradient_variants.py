"""What the instrument compares: the estimator's levers, each away, and some of its sizes."""

from __future__ import annotations

from dataclasses import replace

from autosimulate_addon.core.hypergradient.options import EstimatorOptions

from .levers import APPROXIMATIONS, ESTIMATOR

#: Changes of EstimatorOptions, by name.
VARIANTS: dict[str, dict] = {
    "default": {},
    **{name: {"approximation": name} for name in APPROXIMATIONS},
    **{name: changes for name, changes in ESTIMATOR.items() if name != "absolute-loss"},
    "no-pathwise, no-rescore": {**ESTIMATOR["no-pathwise"], **ESTIMATOR["no-rescore"]},
    "1 relight": {"relights": 1},
    "8 relights": {"relights": 8},
    "3 CG iterations": {"iterations": 3},
    "20 CG iterations": {"iterations": 20},
    "damping x 10": {"relative_damping": 0.1},
    "damping / 10": {"relative_damping": 0.001},
    "all renders scored": {"replay": 100_000, "pathwise_renders": 100_000},
}
#: The estimators that have a large-K reference of their own; every other variant is held against the default's.
FAMILIES = ("default", "hessian", *APPROXIMATIONS)


def options_of(variant: str) -> EstimatorOptions:
    """The options of the loss alone: the response that estimates are held against is that of the loss."""
    return replace(EstimatorOptions(objective="raw"), **VARIANTS[variant])


def family_of(variant: str) -> str:
    """The variant whose large-K reference this one is held against."""
    return variant if variant in FAMILIES else "default"
