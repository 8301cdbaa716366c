"""The levers of AutoSimulate in one table: ablations and the gradient's instrument take them away one by one."""

from __future__ import annotations

from typing import Any

OFF = 1e9       # a bound that never binds

#: Changes of EstimatorOptions, by name.
ESTIMATOR: dict[str, dict[str, Any]] = {
    "no-pathwise": {"pathwise": False},
    "no-rescore": {"replay": 0},
    "no-baseline": {"baseline": False},
    "no-clip": {"clip": OFF},
    "no-object-credit": {"object_credit": False},
    "absolute-loss": {"relative": False},
    "hessian": {"curvature": "hessian"},
}
#: In the place of the quadratic approximation.
APPROXIMATIONS = ("approximate-quadratic", "linear", "no-validation")
#: Changes of LoopConfig, of levers that are not the estimator's.
LOOP: dict[str, dict[str, Any]] = {
    "no-match": {"match": False},
    "no-relight-training": {"relight_training": False},
    "no-momentum": {"step.momentum": 0.0},
    "no-shrinkage": {"step.shrinkage": False},
    "no-trust-region": {"step.kl": OFF},
    "no-annealing": {"step.annealing": 0.0},
    "no-warmup": {"step.warmup": 0},
    "no-average": {},
    "one-network": {"ensemble_size": 1},
    "loss-only": {"objective": "raw"},
}

#: All of them as changes of LoopConfig.
ABLATIONS: dict[str, dict[str, Any]] = {
    **{name: {f"estimator.{field}": value for field, value in changes.items()} for name, changes in ESTIMATOR.items()},
    **LOOP,
    **{name: {"approximation": name} for name in APPROXIMATIONS},
}
