"""The event log is only appended to, and a line that a kill cut short does not spoil it."""

import json
import math
import os
from dataclasses import replace

import pytest

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import (
    Done,
    Event,
    Failed,
    Iteration,
    Problem,
    Progress,
    Rendered,
    Sheet,
    Start,
    Stopped,
    Trained,
)
from autosimulate_addon.protocol.numbers import Agreement, Coordinate, Matching, Move, Numbers, Row, Unheard
from autosimulate_addon.run.process.streams import finite
from autosimulate_addon.run.record.events import EventLog, read_events

NUMBERS = Numbers(
    "match", seed=3, rows={"start": Row(0.5, 0.4, {"cup": 0.3}, [0.5, 0.5])},
    match=Matching(96, 2, {"labels": 0.5}, {"labels": 0.1}, [Move("a.mean", 1.0, 2.0, 3.5)], {"cup": [0.2, 0.1]},
                   ended="no_gain", unheard=Unheard("a.std", 1.0, 96.0, 400)),
    agreement=Agreement(0.9, 0.8, iterations=2, coordinates=[Coordinate("a.mean", "a", 1.0, 2.0, 0.3, 0.1)]))


def test_events_come_back_in_order(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    written = [Start(3, method="bo", factors=[{"key": "a"}]), Iteration(0, 24, val_loss=float("nan"), val_metric=0.5)]
    for event in written:
        log.write(event)
    log.close()
    start, iteration = read_events(tmp_path / "events.jsonl")
    assert (start, iteration.psi, iteration.val_metric) == (replace(written[0], time=start.time), {}, 0.5)
    assert isinstance(iteration, Iteration) and math.isnan(iteration.val_loss)
    assert start.time <= iteration.time
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert lines[0] == {"event": "start", "time": start.time, "pid": 3, "method": "bo", "factors": [{"key": "a"}]}
    assert lines[1]["val_loss"] is None


@pytest.mark.parametrize("event", [Start(1, seed=0), Progress("render", 0.5, images=3), Rendered(1, 2, 0, 0),
                                   Trained(0.5), Iteration(1, 2, seconds={"render": 1.0}), Problem("p"), Sheet("s"),
                                   Done(Numbers(), {"a": {"mean": [1.0]}}), Done(NUMBERS), Stopped("by you"),
                                   Failed("disk")])
def test_every_event_comes_back_from_its_line(event):
    back = Event.from_json(json.loads(json.dumps(finite(event.to_json()))))
    assert repr(back) == repr(event)            # NaN is not equal to itself


def test_what_makes_no_sense_is_left_out():
    assert Event.from_json({"event": "progress", "fraction": "half", "images": None, "phase": 3}).phase == ""
    assert Event.from_json({"event": "start", "seed": True, "width": 10**400}).width is None
    for line in ({}, {"event": []}, {"event": "iteration", "iteration": "x"}, {"event": "iteration", "iteration": 1.5}):
        assert type(Event.from_json({**line, "time": 4})) is Event and Event.from_json({**line, "time": 4}).time == 4


def test_of_numbers_what_makes_sense_is_read():
    found = Numbers.of({"rows": {"start": {"metric": "x", "losses": [0.5, None, "y"]}, "odd": 3}, "judges": "three",
                        "agreement": {"coordinates": [{"name": "a"}, {"name": "b", "key": "b", "start": 0, "end": 1}]},
                        "of a later version": 1})
    assert list(found.rows) == ["start"] and math.isnan(found.rows["start"].metric) and found.judges == 0
    assert [each.name for each in found.agreement.coordinates] == ["b"] and repr(Numbers.of(None)) == repr(Numbers())


def test_a_cut_line_is_skipped_and_later_ones_are_read(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "start"}\n{"event": "rend')
    before = path.read_bytes()
    log = EventLog(path)
    log.write(Done())
    log.close()
    assert path.read_bytes().startswith(before)
    assert [event.event for event in read_events(path)] == ["start", "done"]


def test_no_file_is_no_events(tmp_path):
    assert list(read_events(tmp_path / "none.jsonl")) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX locks")
def test_a_second_process_is_kept_off(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    with pytest.raises(InputError, match="Another process"):
        EventLog(tmp_path / "events.jsonl")
    log.close()
    EventLog(tmp_path / "events.jsonl").close()
