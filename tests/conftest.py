"""What all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from headless.run import leave

ROOT = Path(__file__).resolve().parents[1]
EXIT_STATUS = pytest.StashKey[int]()


def pytest_configure() -> None:
    """One thread a process, before PyTorch is there: several test processes whose threads wait for each other on the
    same cores take half as long again."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The window's tests take longest: they come first, so that no core is left alone with them at the end."""
    windows = ROOT / "tests" / "window"
    items.sort(key=lambda item: windows not in item.path.parents)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends this process as a command of ours ends: Blender's own exit may wait for ever for a lock that it holds."""
    if "bpy" in sys.modules:
        leave(config.stash.get(EXIT_STATUS, 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed and logged, sayable: a report goes to another process, and a file's name may be no text."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random triples of scene, marks and data set ``tests/run/triples`` runs."""
    parser.addoption("--triples", type=int, default=20, help="random triples to run (200 go through everything)")
    parser.addoption("--triples-seed", type=int, default=0, help="another seed makes other triples")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What came of the triples, which may have run in several processes."""
    found = [value for reports in terminalreporter.stats.values() for report in reports
             if getattr(report, "when", "") == "call" for name, value in report.user_properties if name == "triple"]
    if found:
        counts = [sum(row) for row in zip(*found, strict=True)]
        terminalreporter.write_line("{} triples: {} results, {} refusals, {} tracebacks, {} values changed".format(
            len(found), *counts))


@pytest.fixture(scope="session")
def repo_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data (LM-O photographs, CLEVR's scene); tests that need it skip where it is absent."""
    given = os.environ.get("AUTOSIMULATE_DATA")
    candidates = [Path(given)] if given else [ROOT / "shared" / "data", ROOT.parent / "shared" / "data"]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    pytest.skip(f"no test data at {' or '.join(str(c) for c in candidates)}: set AUTOSIMULATE_DATA to its folder")
