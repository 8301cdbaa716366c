"""Numbers and lengths of time as people write them, the same on the terminal, in the report and in the window."""

from __future__ import annotations

import math


def number(value: float, unit: str = "", significant: int = 3) -> str:
    """``value`` to so many significant digits, all digits before the point; without exponents where nobody writes them.

    A dash for NaN.
    """
    if math.isnan(value):
        return "–"
    size = abs(value)
    if size == 0 or math.isinf(size):
        text = f"{value:g}"
    elif 1e-3 <= size < 1e6:
        text = f"{value:.{max(0, significant - 1 - math.floor(math.log10(size)))}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:.{significant - 1}e}"
    text = text.replace("-", "−")
    return f"{text} {unit}" if unit else text


def percent(value: float | None) -> str:
    """A metric from 0 to 1 in per cent; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def duration(seconds: float) -> str:
    """A length of time: "40 s", "3 min 20 s", "25 min", "2 h 5 min". A dash for NaN."""
    if math.isnan(seconds):
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return _two(whole // 60, "min", whole % 60, "s")
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else _two(minutes // 60, "h", minutes % 60, "min")


def _two(large: int, its_unit: str, small: int, unit: str) -> str:
    return f"{large} {its_unit} {small} {unit}" if small else f"{large} {its_unit}"
