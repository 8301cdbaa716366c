"""Following a job's events.jsonl: what the panel shows of it."""

from __future__ import annotations

import json

from autosimulate_addon.ui.jobs.run_follower import RunFollower


def write(folder, *events, end="\n"):
    with open(folder / "events.jsonl", "a", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(event) for event in events) + end)


def iteration(number, metric, control=None, **more):
    return {"event": "iteration", "time": 5.0, "iteration": number, "images": 8 * number, "val_loss": 1.0,
            "val_metric": metric, "control_val_loss": 1.1, "control_val_metric": control,
            "psi": {"Key": {"mean": [float(number)], "std": [1.0]}}, **more}


def test_nothing_there_yet(tmp_path):
    follower = RunFollower(tmp_path)
    assert not follower.read()
    assert follower.state.status == "starting" and not follower.state.ended


def test_a_whole_run(tmp_path):
    follower = RunFollower(tmp_path)
    write(tmp_path, {"event": "start", "time": 1.0, "iterations": 3, "pid": 42},
          {"event": "progress", "time": 2.0, "phase": "optimize", "fraction": 0.25, "eta_seconds": 60, "images": 4})
    assert follower.read()
    state = follower.state
    assert (state.status, state.pid, state.fraction, state.eta, state.images) == ("running", 42, 0.25, 60.0, 4)
    write(tmp_path, iteration(1, 0.2, 0.1), iteration(2, 0.5, 0.3), iteration(3, 0.4, 0.35))
    follower.read()
    assert (state.metric, state.best_metric, state.control_metric, state.best_control_metric) == (0.4, 0.5, 0.35, 0.35)
    assert state.psi["Key"]["mean"] == [3.0] and state.images == 24
    write(tmp_path, {"event": "done", "time": 9.0, "numbers": {"val_metric": 0.4}, "psi": {"Key": {"mean": [2.5],
                                                                                                "std": [1.0]}}})
    follower.read()
    assert state.ended and state.status == "done" and state.psi["Key"]["mean"] == [2.5]


def test_half_a_line_waits_for_its_rest(tmp_path):
    follower = RunFollower(tmp_path)
    line = json.dumps({"event": "start", "pid": 7})
    (tmp_path / "events.jsonl").write_text(line[:10])
    assert not follower.read()
    with open(tmp_path / "events.jsonl", "a") as file:
        file.write(line[10:] + "\n")
    assert follower.read() and follower.state.pid == 7


def test_damaged_lines_and_odd_numbers_do_no_harm(tmp_path):
    follower = RunFollower(tmp_path)
    (tmp_path / "events.jsonl").write_text('{"event": "st\nnull\n[1]\n"text"\n\xff\n')
    write(tmp_path, {"event": "progress", "fraction": None, "eta_seconds": "NaN", "images": None},
          {"event": "progress", "fraction": 7.0}, {"event": "iteration"}, {"event": "from the future", "x": 1},
          iteration(1, None), {"event": "done", "numbers": None, "psi": 3})
    follower.read_all()
    assert follower.state.status == "done" and follower.state.fraction == 1.0 and follower.state.eta in (None, 0.0)


def test_a_resumed_run_goes_on(tmp_path):
    follower = RunFollower(tmp_path)
    write(tmp_path, {"event": "start", "pid": 1, "iterations": 3}, iteration(1, 0.1), iteration(2, 0.2),
          {"event": "cancelled"})
    follower.read()
    assert follower.state.ended
    write(tmp_path, {"event": "start", "pid": 2, "iterations": 3}, iteration(2, 0.3), iteration(3, 0.4))
    follower.read()
    state = follower.state
    assert state.status == "running" and state.pid == 2
    assert [(point.iteration, point.val_metric) for point in state.curve] == [(1, 0.1), (2, 0.3), (3, 0.4)]


def test_a_long_file_is_taken_in_pieces(tmp_path):
    follower = RunFollower(tmp_path)
    write(tmp_path, *(iteration(i, 0.1) for i in range(200)))
    assert follower.read(limit=1000)
    assert 0 < len(follower.state.curve) < 200
    follower.read_all()
    assert len(follower.state.curve) == 200
