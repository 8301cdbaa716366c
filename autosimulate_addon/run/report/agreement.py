"""What an iteration's hypergradient says of its own noise, to the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sentence(details: Mapping[str, Any]) -> str:
    """One iteration in one line; "" where halves of the data were not asked."""
    agreement = details.get("agreement")
    if not agreement:
        return ""
    intervals = agreement["intervals"].values()
    clear = sum(low > 0 or high < 0 for low, high in intervals)
    said = (f"Hypergradient: halves of the renders agree to {agreement['renders']:.2f}, halves of the photographs to "
            f"{agreement['photographs']:.2f}; {clear} of {len(intervals)} intervals leave out 0")
    if details.get("heard") != 0:
        return f"{said}."
    return (f"{said}. Nothing stands out of the noise of {details['effective']:.0f} renders, and psi stays: an effect "
            f"of a tenth of w's deviation would be heard with {details['renders_needed']}.")
