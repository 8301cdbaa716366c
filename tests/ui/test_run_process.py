"""Commands of the background jobs, and telling a live one from a dead one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from autosimulate_addon.run import arguments
from autosimulate_addon.run.record.events import EventLog
from autosimulate_addon.ui.jobs import run_process
from autosimulate_addon.ui.jobs.run_process import Registry


def test_command_order():
    command = run_process.blender_command("blender", Path("a.blend"), "Scene", Path("run.py"), ["optimize"])
    assert command.index("--python-exit-code") < command.index("-P") < command.index("--")
    assert command[command.index("-S") + 1] == "Scene" and command.index("a.blend") < command.index("-S")


def test_flags_are_understood_by_the_command_line():
    flags = run_process.flags({"output": "x", "images": 8, "control": False, "method": "published", "epochs": None,
                               "test": "", "approximation": "no-validation"})
    options = arguments.parse(["optimize", *flags])
    assert (options.images, options.control, options.method, options.epochs) == (8, False, "published", None)
    assert options.approximation == "no-validation" and options.test is None


def test_alive_and_dead(tmp_path):
    events, long_ago = tmp_path / "events.jsonl", time.time() - 10_000
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        assert run_process.alive(process.pid)
        assert run_process.looks_alive(events, process.pid, time.time())        # no file that could tell
        assert not run_process.looks_alive(events, process.pid, long_ago)       # the number belongs to somebody else
        written = EventLog(events)
        assert run_process.looks_alive(events, process.pid, long_ago)           # one render takes hours
        written.close()
        assert not run_process.looks_alive(events, process.pid, long_ago)
        EventLog(events).close()                                                # looking has not kept the lock
    finally:
        process.kill()
    for _ in range(100):
        if not run_process.alive(process.pid):
            break
        time.sleep(0.02)
    assert not run_process.alive(process.pid)           # also while it is a zombie
    process.wait()
    assert not run_process.alive(0)


def test_last_words_are_the_reason(tmp_path):
    log = tmp_path / "log"
    log.write_text("Blender 5.2\nError: The class 'a' is empty.\nBlender quit\n")
    assert run_process.last_words(log, 2) == "The job ended (exit code 2): Error: The class 'a' is empty."
    assert "without saying why" in run_process.last_words(tmp_path / "none", 1)


def test_registry_keeps_runs_and_survives_damage(tmp_path):
    registry = Registry(tmp_path / "runs.json")
    assert registry.find("a.blend", "Scene") == []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "events.jsonl").touch()
        registry.add(tmp_path / name, "a.blend", "Scene")
    registry.add(tmp_path / "gone", "a.blend", "Scene")
    assert [path.name for path in registry.find("a.blend", "Scene")] == ["two", "one"]
    assert registry.find("b.blend", "Scene") == []
    (tmp_path / "runs.json").write_text("{damaged")
    assert registry.entries() == []
    registry.add(tmp_path / "one", "a.blend", "Scene")
    assert len(registry.entries()) == 1
