"""The distribution of the renders brought near that of the photographs, before and without any training."""

from .match import Matched, MatchOptions, match
from .matcher import Matcher, Round
from .mmd import Distance

__all__ = ["Distance", "MatchOptions", "Matched", "Matcher", "Round", "match"]
