"""What the scene builders share, and the numbers and marks of each."""

import bpy  # noqa: F401  bmesh is of the bpy module: only there once that is imported, whatever the order below
