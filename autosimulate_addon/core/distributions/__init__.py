"""The families of distributions that a factor may have: plain numbers <-> parameters phi, draws, scores, steps."""

from .make import family_of, make
from .bounds import Bounds
from .family import Family

__all__ = ["Bounds", "Family", "family_of", "make"]
