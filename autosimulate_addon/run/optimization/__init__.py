"""The job of the command optimize: the checked run, its stages, what it delivers."""
