"""One scene file and one validation folder for all tests of jobs; they only read them."""

from pathlib import Path

import pytest

from tests.run import scenes


@pytest.fixture(scope="session")
def inputs(tmp_path_factory) -> Path:
    """scene.blend, marks.toml and validation/ below one folder."""
    folder = tmp_path_factory.mktemp("inputs")
    scenes.build_scene(folder / "scene.blend")
    (folder / "marks.toml").write_text(scenes.MARKS)
    scenes.build_validation(folder / "validation")
    return folder
