"""Where psi starts, and the target that the validation images are drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ...protocol import Factor, Moments
from ...protocol.moments import lognormal, normal, softmax
from .scene import BOUNCES, LIGHTS, OBJECTS, SAMPLES

#: Energies beyond these are drawn as these: they are black and white anyway, and half precision holds them.
LOWEST_ENERGY, HIGHEST_ENERGY = math.exp(-5), math.exp(7)


def _psi(log_energy: Sequence[float], log_spread: float, location: tuple[float, float], spread: tuple[float, float],
         metal: float, samples: Sequence[float], bounces: Sequence[float]) -> dict[str, Moments]:
    """From means and one spread of the log energies, the logit of metal, and the logits of samples and bounces."""
    on = 1 / (1 + math.exp(-metal))
    return {**{name: lognormal(mu, log_spread) for name, mu in zip(LIGHTS, log_energy, strict=True)},
            "location": normal(location, spread), "metal": {"p": [1 - on, on]},
            "samples": softmax(*samples), "bounces": softmax(*bounces)}


#: Wide: what a person who knows nothing would randomise.
start_wide = _psi((1., .5, .5), 1.2, (0., 0.), (2., 2.), 0., (0., 0., 0., 0.), (0., 0., 0., 0.))
#: Narrow and wrong: too dark, off to one side, rubber, few samples, few bounces.
start_narrow_wrong = _psi((0., -.6, -.6), .7, (-1.6, -1.2), (1., 1.), -1.2, (.6, .3, 0., -.3), (.6, .3, 0., -.3))
#: psi*: what validation and test images are drawn from.
target = _psi((2., 1., 1.3), .3, (.8, .6), (1.4, 1.2), 1.2, (-2., -.5, 1., 1.5), (-1.5, 0., 1., 1.))


def factors(start: Mapping[str, Moments] = start_wide) -> tuple[Factor, ...]:
    """The seven factors of the stand-in, at a start."""
    low, high = np.array([LOWEST_ENERGY]), np.array([HIGHEST_ENERGY])
    at = {name: {moment: np.array(values) for moment, values in moments.items()} for name, moments in start.items()}
    owners = tuple(range(1, OBJECTS + 1))
    return (
        *(Factor(name, "lognormal", low=low, high=high, start=at[name], unit="W") for name in LIGHTS),
        Factor("location", "normal", count=OBJECTS, size=2, start=at["location"], unit="m", owners=owners),
        Factor("metal", "bernoulli", count=OBJECTS, items=("rubber", "metal"), start=at["metal"], owners=owners),
        Factor("samples", "categorical", items=tuple(map(str, SAMPLES)), start=at["samples"]),
        Factor("bounces", "categorical", items=tuple(map(str, BOUNCES)), start=at["bounces"]),
    )
