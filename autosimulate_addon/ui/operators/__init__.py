"""Thin operators: each checks, calls what does the work, and reports in one sentence."""
