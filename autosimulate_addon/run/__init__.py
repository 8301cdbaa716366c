"""Joins the two halves: a run directory, and the jobs that the command line and the window both start."""
