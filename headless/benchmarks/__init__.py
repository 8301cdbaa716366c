"""Benchmarks: the stand-in comparison, the estimator's instrument, and whole runs in Blender."""
