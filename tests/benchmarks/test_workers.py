"""The benchmarks of render processes: a row comes out, and the processes that are killed are those of the run."""

import csv
import importlib
import os
import signal
import subprocess
import sys
import time


def test_sleeping_processes_make_a_row(run, tmp_path):
    """And leave none behind: a pool, its processes and their messages at work, without Blender."""
    assert run("worker-scaling", "--workers", 2, "--images", 4, "--seconds", 0.05, "--iterations", 1,
               "--results", tmp_path) == 0
    with open(tmp_path / "worker_scaling.csv", newline="", encoding="utf-8") as file:
        [row] = csv.DictReader(file)
    assert 0.0 < float(row["of_ideal"]) <= 1.0 and float(row["driver"]) > 0.0


def test_only_render_processes_below_this_one_are_killed(benchmark):
    kills = importlib.import_module("benchmarks.worker_kills")
    sleep = "import time; time.sleep(60)"
    below = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}, *sys.argv[1:]])"
    other, between = (subprocess.Popen([sys.executable, "-c", *rest])
                      for rest in ([sleep], [below, kills.RENDER_WORKER]))
    deadline = time.monotonic() + 60.0
    try:
        while len(kills._render_processes(os.getpid())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        found = set(kills._render_processes(os.getpid()))
        assert between.pid in found and other.pid not in found and len(found) == 2
        assert set(kills._render_processes(between.pid)) == found - {between.pid}
    finally:
        for pid in (*kills._render_processes(os.getpid()), other.pid):
            os.kill(pid, signal.SIGKILL)
        between.wait()
        other.wait()


def test_the_last_hundred_renders_are_the_first_once_more(benchmark):
    renders = importlib.import_module("benchmarks.worker_renders")
    draws, _ = renders._with_first_again(list(range(501)), list(range(501)), [200, 500])
    assert draws[101:201] == draws[401:501] == draws[1:101] == list(range(1, 101))
    assert draws[201:401] == list(range(201, 401))
    assert renders._ends([float(n) for n in range(501)], [1.0] * 500 + [51.0])["growth_mb"] == 50.0
