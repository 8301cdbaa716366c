"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With ``-n 2 --dist loadgroup`` a core takes a file at a time. The window's tests are one group, as they share
    displays and packages; it takes longest, so it comes first."""
    windows = ROOT / "tests" / "window"
    for item in items:
        group = "window" if windows in item.path.parents else item.path.relative_to(ROOT).as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: windows not in item.path.parents)


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
