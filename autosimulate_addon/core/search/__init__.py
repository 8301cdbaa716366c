"""Search methods: what moves psi. All are a ``Search``; any can be swapped alone."""

from .base import Search
from .make import METHODS, make
from .method import Context, Outcome

__all__ = ["METHODS", "Context", "Outcome", "Search", "make"]
