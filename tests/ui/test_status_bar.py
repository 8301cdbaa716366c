"""The status bar names what runs, how far it is and how long it takes, and offers Esc; nothing while nothing runs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from autosimulate_addon.ui import status_bar
from autosimulate_addon.ui.jobs import table
from autosimulate_addon.ui.jobs.job import BackgroundJob
from autosimulate_addon.ui.jobs.run_follower import Status
from tests.ui.test_side_jobs import Layout


@pytest.fixture
def job(scene, tmp_path):
    """A data set that is rendered for the third part."""
    found = BackgroundJob("GENERATE", tmp_path, scene.name)
    state = found.state
    state.status, state.phase, state.fraction, state.eta = Status.RUNNING, "render", 1 / 3, 75.0
    table.put(found)
    yield found
    table.clear()


def drawn() -> list[tuple[str, str]]:
    layout = Layout()
    status_bar.draw(SimpleNamespace(layout=layout), None)
    return [entry[:2] for entry in layout.drawn]


def test_it_says_how_far_the_job_is_and_that_esc_stops_it(job):
    assert drawn() == [("progress", "Data Set: Rendering 33 %, 1 min 15 s left"), ("label", "Stop"),
                       ("operator", "autosimulate.cancel")]
    job.state.status = Status.CANCELLING
    assert drawn() == [("progress", "Data Set: Stopping after this image")]
    job.state.status = Status.DONE
    assert drawn() == []


def test_of_several_it_shows_the_one_that_esc_stops(job, tmp_path):
    table.put(BackgroundJob("OPTIMIZE", tmp_path, job.scene))
    assert drawn() == [("progress", "Optimization: Starting 0 %"), ("label", "+1"), ("label", "Stop"),
                       ("operator", "autosimulate.cancel")]
