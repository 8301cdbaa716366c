"""What Blender imports when the extension is enabled. The add-on itself is the package beside this file."""

from .autosimulate_addon import register, unregister

__all__ = ["register", "unregister"]
