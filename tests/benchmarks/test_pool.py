"""Worker processes: all results arrive, and none outlives a benchmark that was killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from autosimulate_addon.ui.jobs.run_process import alive

HEADLESS = Path(__file__).resolve().parents[2] / "headless"
PARENT = """
import sys
sys.path.insert(0, {headless!r})
from benchmarks.pool import run_all
from benchmarks_worker import name_and_sleep
if __name__ == "__main__":
    for _ in run_all(name_and_sleep, [sys.argv[1]] * 2, 2):
        pass
"""
WORKER = """
import os, time
def name_and_sleep(folder):
    open(os.path.join(folder, str(os.getpid())), "w").close()
    time.sleep(300)
"""


def test_workers_end_with_a_benchmark_that_was_killed(tmp_path):
    (tmp_path / "pids").mkdir()
    (tmp_path / "benchmarks_worker.py").write_text(WORKER)
    (tmp_path / "parent.py").write_text(PARENT.format(headless=str(HEADLESS)))
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py"), str(tmp_path / "pids")])
    until(lambda: len(list((tmp_path / "pids").iterdir())) == 2)
    workers = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    assert all(alive(worker) for worker in workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(lambda: not any(alive(worker) for worker in workers))


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
