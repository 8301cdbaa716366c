"""The null control: training goes on, psi never moves."""

from .base import Search


class NoSearch(Search):
    """Draws from the start for ever."""

    settled = True
