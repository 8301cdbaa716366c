"""The seam between the halves: what a simulator is, what is drawn, what is rendered, what may go wrong.

Standard library and numpy only: both ``core`` (torch) and ``blender`` (bpy) import it, neither imports the other.
"""

from .errors import AutoSimulateError, Cancelled, InputError, one_line, suggestion
from .factor import CONTINUOUS, LARGEST, WIDEST_RATIO, Draw, Factor, SampleKey
from .moments import Moments, moment_names
from .simulator import Driver, Layer, Render, Simulator, WorksAhead
from .vocabulary import FAMILIES, FILM

__all__ = [
    "CONTINUOUS",
    "FAMILIES",
    "FILM",
    "LARGEST",
    "WIDEST_RATIO",
    "AutoSimulateError",
    "Cancelled",
    "Draw",
    "Driver",
    "Factor",
    "InputError",
    "Layer",
    "Moments",
    "Render",
    "SampleKey",
    "Simulator",
    "WorksAhead",
    "moment_names",
    "one_line",
    "suggestion",
]
