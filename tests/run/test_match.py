"""Matching in a run, from a scene far darker than its validation images: what moves, and what the user is told."""

import json

import pytest

from autosimulate_addon.protocol.events import Iteration, Problem
from autosimulate_addon.run.record.events import read_events
from tests.run import scenes
from tests.run.test_job import argv, final_psi, run

DARK = scenes.MARKS.replace("mean = 60.0\nstd = 40.0\nlow = 1.0", "mean = 0.5\nstd = 0.3\nlow = 0.01")


def told(directory):
    return [event.message for event in read_events(directory / "events.jsonl") if isinstance(event, Problem)
            and "stops" in event.message]


def finished(inputs, tmp_path, marks, *flags):
    (tmp_path / "marks.toml").write_text(marks)
    arguments = argv(inputs, tmp_path / "run", "--iterations", 1, "--no-compare", "--no-control", *flags)
    arguments[arguments.index("--marks") + 1] = str(tmp_path / "marks.toml")
    assert run(*arguments) == 0
    return final_psi(tmp_path / "run"), told(tmp_path / "run")


def test_lights_are_matched_and_it_says_so(inputs, tmp_path):
    psi, messages = finished(inputs, tmp_path, DARK)
    assert psi["power"]["mean"][0] > 5.0
    assert len(messages) == 1 and "brighter" in messages[0] and "were matched" in messages[0]


def test_it_can_be_left(inputs, tmp_path):
    psi, messages = finished(inputs, tmp_path, DARK, "--no-match")
    assert psi["power"]["mean"][0] == pytest.approx(0.5) and messages == []


def test_without_a_light_to_mix_it_says_what_to_do(inputs, tmp_path):
    lamp = DARK.index("[[learnable]]", 10)
    _, messages = finished(inputs, tmp_path, DARK[lamp:])
    assert len(messages) == 1 and "no learnable light" in messages[0] and "Exposure" in messages[0]


def test_numbers_and_report_tell_what_moved_and_what_is_left(inputs, tmp_path):
    finished(inputs, tmp_path, DARK, "--method", "match")
    numbers = json.loads((tmp_path / "run" / "numbers.json").read_text())
    matched = numbers["match"]
    assert matched["renders"] == 4 and set(matched["classes"]) == {"ball", "box"}
    assert set(matched["before"]) == set(matched["after"]) == {"features", "labels"}
    iterations = [event for event in read_events(tmp_path / "run" / "events.jsonl") if isinstance(event, Iteration)]
    assert numbers["val_metric"] is None and [each.steps for each in iterations] == [0]     # no network is asked
    page = (tmp_path / "run" / "report.html").read_text()
    assert "without a network" in page and "What is left" in page and "labels of box" in page
