"""The benchmarks are no part of the package: they are found as headless/benchmark.py finds them."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def benchmark(repo_root):
    """The entry's module; importing it makes the package ``benchmarks`` known."""
    if "benchmarks" not in sys.modules:
        spec = importlib.util.spec_from_file_location("benchmark_entry", repo_root / "headless" / "benchmark.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["benchmarks"]


@pytest.fixture
def run(benchmark):
    """Runs a benchmark's command line in this process and returns its exit code."""
    return lambda *arguments: importlib.import_module("benchmarks.cli").main([str(each) for each in arguments])
