"""The families of distributions that a factor may have: plain numbers <-> parameters phi, draws, scores, steps."""

from .bounds import DEFAULT_BOUNDS, Bounds
from .family import Family
from .make import family_of, make

__all__ = ["DEFAULT_BOUNDS", "Bounds", "Family", "family_of", "make"]
