"""Where to look at a density: the part of the axis on which something is to be seen of it."""

from __future__ import annotations

import math

from ...protocol.moments import lognormal_parameters

#: Log-normals with a larger standard deviation, in means, are a spike with an endless tail on a linear axis.
WIDE = 0.8


def on_log_axis(family: str, moments: tuple[tuple[float, float], ...]) -> bool:
    """Whether these (mean, std) are better seen over the logarithm of the quantity."""
    return family == "lognormal" and all(mean > 0 for mean, _ in moments) and any(
        std > WIDE * mean for mean, std in moments)


def plotting_range(family: str, moments: tuple[tuple[float, float], ...], low: float, high: float
                   ) -> tuple[float, float]:
    """Where there is something to see of all ``moments`` (mean, std): three standard deviations, inside the limits.

    A log-normal's are those of its logarithm; a bounded one shows its whole interval.
    """
    if family == "bounded" and math.isfinite(low) and math.isfinite(high):
        return low, high
    if family == "lognormal" and all(mean > 0 for mean, _ in moments):
        ends = []
        for mean, std in moments:
            centre, variance = lognormal_parameters(mean, std)
            ends.append((centre, 3 * math.sqrt(variance)))
        least, most = (math.exp(min(c - s for c, s in ends)), math.exp(max(c + s for c, s in ends)))
    else:
        least = min(mean - 3 * std for mean, std in moments)
        most = max(mean + 3 * std for mean, std in moments)
    least, most = max(least, low), min(most, high)
    if not least < most:
        centre = moments[0][0]
        least, most = centre - max(abs(centre), 1) * 0.1, centre + max(abs(centre), 1) * 0.1
    return least, most
