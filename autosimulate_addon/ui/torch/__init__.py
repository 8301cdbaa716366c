"""PyTorch for the background jobs: where it is, whether it works, how it is installed."""

from importlib import util

#: Whether this build installs PyTorch, and takes it from a folder: that for the official platform has it of Blender's
#: own Python alone (headless/release.py leaves ``install`` out).
INSTALLS = util.find_spec(f"{__package__}.install") is not None
