"""One scene file and one validation folder for all tests of jobs; they only read them."""

import importlib.util
from pathlib import Path

import pytest


def _scenes():
    spec = importlib.util.spec_from_file_location("run_test_scenes", Path(__file__).with_name("scenes.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scenes():
    return _scenes()


@pytest.fixture(scope="session")
def inputs(scenes, tmp_path_factory) -> Path:
    """scene.blend, marks.toml and validation/ below one folder."""
    folder = tmp_path_factory.mktemp("inputs")
    scenes.build_scene(folder / "scene.blend")
    (folder / "marks.toml").write_text(scenes.MARKS)
    scenes.build_validation(folder / "validation")
    return folder
