"""A fast stand-in for Blender in pure torch, for the benchmark and the tests; not part of the add-on's menus.

A ground, spheres, cubes and cylinders, three lights with shadows, metal, Monte-Carlo noise that falls with the number
of samples, ambient light that grows with the number of bounces; 32 x 24 pixels, a millisecond or two an image.
"""

from .simulator import StandIn
from .starts import factors, start_narrow_wrong, start_wide, target
from .validation import validation_and_test

__all__ = ["StandIn", "factors", "start_narrow_wrong", "start_wide", "target", "validation_and_test"]
