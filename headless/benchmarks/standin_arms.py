"""The arms of the comparison on the stand-in: what each runs, by name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.protocol import InputError

from .levers import ABLATIONS

#: Rendered per iteration (K); for the methods that train a network per trial, the size of a trial's data set.
IMAGES, TRIAL_IMAGES = 24, 48

#: Nothing is searched: images from the start (the null control; from the wide start also the hand-made
#: randomisation of today) and from the target.
FIXED = ("none", "oracle")
METHODS = ("autosimulate", "match", "published", "score-only", "bo", "random", "lts")
#: The same from the psi that one batch of matching gives: is it that alone?
MATCHED = {"bo-matched": "bo", "random-matched": "random"}
ARMS = (*FIXED, *METHODS, *MATCHED, *ABLATIONS)


def config_of(arm: str, seed: int, renders: int, changes: Mapping[str, Any] | None = None) -> LoopConfig:
    """The settings of an arm's run. ``changes`` concern autosimulate, published and what is derived from them."""
    arm = MATCHED.get(arm, arm)
    images = TRIAL_IMAGES if arm in ("bo", "random") else IMAGES
    config = LoopConfig(iterations=max(1, round(renders / images)), images=images, seed=seed, device="cpu",
                        control=False)
    if arm in FIXED:
        return replace(config, method="none")
    if arm in ("bo", "random", "lts"):
        return replace(config, method=arm)
    if arm == "match":
        return changed(replace(config, method="match"), changes or {})
    if arm == "published":
        return changed(replace(config, method="published"), changes or {})
    if arm == "score-only":
        return changed(config, {"estimator.pathwise": False, "relight_training": False, "estimator.replay": 0})
    return changed(config, {**(changes or {}), **ABLATIONS.get(arm, {})})


def changed(config: LoopConfig, changes: Mapping[str, Any]) -> LoopConfig:
    """``config`` with fields replaced, those of its parts by "estimator.clip" and the like."""
    for name, value in changes.items():
        part, dot, field = name.rpartition(".")
        owner = getattr(config, part, None) if dot else config
        if owner is None or field not in {each.name for each in dataclasses.fields(owner)}:
            raise InputError(f"There is no option '{name}': it is one of LoopConfig, estimator.*, matching.*, step.*.")
        owner = replace(owner, **{field: value})
        config = replace(config, **{part: owner}) if dot else owner
    return config


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """From "step.scale_step=2" and the like."""
    changes = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"'{text}' is not NAME=VALUE.")
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            changes[name] = value
    return changes
