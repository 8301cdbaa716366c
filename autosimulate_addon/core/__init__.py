"""The method: torch and numpy, never bpy."""
