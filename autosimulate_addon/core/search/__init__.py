"""Search methods: what moves psi. All stand behind ``SearchMethod``; any can be swapped alone."""

from .make import METHODS, make
from .method import Context, Outcome, SearchMethod

__all__ = ["METHODS", "Context", "Outcome", "SearchMethod", "make"]
