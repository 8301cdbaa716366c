"""The event log is only appended to, and a line that a kill cut short does not spoil it."""

import os

import pytest

from autosimulate_addon.protocol import InputError
from autosimulate_addon.run.record.events import EventLog, read_events


def test_events_come_back_in_order(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start", {"seed": 3})
    log.write("iteration", {"val_loss": float("nan")})
    log.close()
    events = list(read_events(tmp_path / "events.jsonl"))
    assert [event["event"] for event in events] == ["start", "iteration"]
    assert events[0]["seed"] == 3 and events[1]["val_loss"] is None
    assert events[0]["time"] <= events[1]["time"]


def test_a_cut_line_is_skipped_and_later_ones_are_read(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "start"}\n{"event": "rend')
    before = path.read_bytes()
    log = EventLog(path)
    log.write("resume")
    log.close()
    assert path.read_bytes().startswith(before)
    assert [event["event"] for event in read_events(path)] == ["start", "resume"]


def test_no_file_is_no_events(tmp_path):
    assert list(read_events(tmp_path / "none.jsonl")) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX locks")
def test_a_second_process_is_kept_off(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    with pytest.raises(InputError, match="Another process"):
        EventLog(tmp_path / "events.jsonl")
    log.close()
    EventLog(tmp_path / "events.jsonl").close()
