"""Render processes that die, hang or talk nonsense change nothing in the result; bounded, and named where they win."""

import contextlib
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from autosimulate_addon.protocol import AutoSimulateError, Cancelled, InputError, SampleKey
from autosimulate_addon.run.workers import frames
from autosimulate_addon.run.workers.child import Child, Limits
from autosimulate_addon.run.workers.pool import Pool
from autosimulate_addon.run.workers.process import ChildLost, LocalProcess

SCRIPT = Path(__file__).with_name("standin_child.py")
_spec = util.spec_from_file_location("standin_child", SCRIPT)
standin = util.module_from_spec(_spec)
_spec.loader.exec_module(standin)

KEYS = [SampleKey(1, 0, sample) for sample in range(8)]
DRAWS = [{"x": np.full((1, 2), float(key.sample)), "ш": np.array([[key.sample]])} for key in KEYS]


@pytest.fixture
def make(tmp_path, repo_root):
    """A pool of stand-in processes; what it started and buried is in its attributes."""
    pools = []

    def pool(count=2, *, limits=None, babbling=(), times=1, **order):
        started, buried = [], []
        order = {"folder": str(tmp_path), "faults": {}, "times": times, "about": standin.ABOUT, **order}

        def start(place):
            command = [sys.executable, str(SCRIPT), *(["babble"] if place in babbling else [])]
            process = LocalProcess(command, tmp_path / f"{place}.log", {"PYTHONPATH": str(repo_root)},
                                   sweep=buried.append)
            child = Child(process, order, limits or Limits())
            started.append(child)
            return child

        made = Pool(start, count, limits or Limits())
        made.started, made.buried = started, buried
        pools.append(made)
        return made

    yield pool
    for made in pools:
        made.close()
        assert all(child.process.exit_code is not None for child in made.started)


def renders(pool, **options):
    return [render for render, _ in pool.render(DRAWS, KEYS, **options)]


def assert_right(found, count=8):
    assert len(found) == count
    for render, draw, key in zip(found, DRAWS, KEYS, strict=False):
        expected = standin.picture(draw, key)
        assert render.key == key and set(render.draw) == set(draw)
        for name in ("layers", "reference", "labels", "instances"):
            there = getattr(render, name)
            assert there.dtype == getattr(expected, name).dtype and np.array_equal(there, getattr(expected, name))


def test_any_number_of_processes_gives_the_same_in_the_same_order(make):
    one, three = make(1), make(3)
    assert_right(renders(one))
    assert_right(renders(three))
    assert len(one.started) == 1 and len(three.started) == 3
    assert next(three.render(DRAWS, KEYS))[1]["expected"] == ["cube"]


@pytest.mark.parametrize("fault, said", [("die", "ended with exit code 11"), ("raise", "ended with exit code 1"),
                                         ("shape", "answered nonsense")])
def test_a_process_that_fails_is_replaced_and_its_draw_asked_again(make, fault, said, caplog):
    pool = make(faults={fault: [2, 5]})
    with caplog.at_level("WARNING", "autosimulate"):
        assert_right(renders(pool))
    assert len(pool.buried) == 2 and len(set(pool.buried)) == 2 and caplog.text.count(said) == 2
    assert "Segmentation fault" in caplog.text or fault != "die"


def test_a_process_that_hangs_is_replaced(make, caplog):
    pool = make(limits=Limits(first_render=1.0, render=1.0, slower=1.0), faults={"hang": [3]})
    with caplog.at_level("WARNING", "autosimulate"):
        assert_right(renders(pool))
    assert "gave no answer in 1 s" in caplog.text


def test_patience_grows_with_the_slowest_render(make):
    pool = make(1)
    renders(pool)
    child = pool.started[0]
    child.slowest = 100.0
    assert child.patience == 2000.0


def test_the_third_failure_of_a_draw_ends_the_run_in_one_sentence(make):
    pool = make(faults={"die": [4]}, times=3)
    done = []
    with pytest.raises(AutoSimulateError, match=r"Sample \(1, 0, 4\) could not be rendered.*exit code 11") as caught:
        done.extend(render for render, _ in pool.render(DRAWS, KEYS))
    assert_right(done, 4)
    assert not isinstance(caught.value, InputError) and len(pool.buried) == 3
    assert_right(renders(pool))             # the pool itself is as good as before


def test_what_the_renderer_refuses_is_not_asked_again(make):
    pool = make(1, faults={"refuse": [1]}, times=9)
    with pytest.raises(InputError, match="energy is no number"):
        renders(pool)
    assert len(pool.started) == 1


def test_a_process_that_does_not_come_up_is_no_draws_fault(make):
    """A draw has one attempt here; the starts that fail are one more than that, or too many."""
    pool = make(1, limits=Limits(attempts=1), faults={"start": [0]}, times=2)
    assert_right(renders(pool))
    assert len(pool.started) == 3
    with pytest.raises(AutoSimulateError, match=r"do not come up: one ended with exit code 9, the last of 2 in a row"):
        renders(make(1, limits=Limits(starts=2), faults={"start": [0]}, times=9))


def test_where_one_does_not_come_up_the_others_render(make, caplog):
    pool = make(2, limits=Limits(attempts=1, starts=2), babbling=[0], seconds=0.2)
    with caplog.at_level("WARNING", "autosimulate"):
        assert_right(renders(pool))
        assert_right(renders(pool))
        deadline = time.monotonic() + 120.0         # a busy machine takes longer to start one than others to render
        while "fewer" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "one render process fewer: it answered nonsense" in caplog.text


def test_a_machine_that_is_gone_keeps_no_draw_from_the_others():
    """The next process of its place never comes up: who comes while the first is put away does not wait for it."""
    never, started = threading.Event(), []

    class Gone:
        worn, name = False, "of a machine"

        def __init__(self, place):
            self.process, self.place, self.first = self, place, not started.count(place)
            started.append(place)

        def open(self):
            if not self.first:
                never.wait()

        def render(self, draw, key):
            self.open()
            time.sleep(0.02)
            if not self.place:
                raise ChildLost("is on a machine that is gone")
            return key, {}

        def kill(self):
            if not self.first:
                never.set()
            time.sleep(0.3)

        def last_words(self):
            return ""

        close = kill

    pool, deadline = Pool(Gone, 2, Limits(), depth=2), time.monotonic() + 20.0
    try:
        assert renders(pool, stop=lambda: time.monotonic() > deadline) == KEYS
    finally:
        pool.close()
    assert started.count(1) == 1 and started.count(0) == 2


def test_a_process_with_another_scene_is_not_believed(make):
    with pytest.raises(AutoSimulateError, match="another scene"):
        renders(make(1, other_scene=True))


def test_a_process_is_replaced_after_so_many_renders(make):
    pool = make(1, limits=Limits(renders=3))
    assert_right(renders(pool))
    assert len(pool.started) == 3 and pool.started[0].process.exit_code == 0


def test_killed_processes_at_random_moments_change_nothing(make):
    pool, random = make(3, limits=Limits(attempts=20), seconds=0.05), np.random.default_rng(0)
    found = []
    for render, _ in pool.render(DRAWS, KEYS):
        found.append(render)
        there = [child.process for child in pool.started if child.process.exit_code is None]
        for process in there[:1 + random.integers(2)]:
            with contextlib.suppress(ProcessLookupError):           # it has just been replaced
                os.kill(process.pid, signal.SIGKILL)
    assert_right(found)
    assert pool.buried


def test_what_was_submitted_is_rendered_once_and_meanwhile(make, tmp_path):
    pool = make(2)
    pool.submit(DRAWS, KEYS)
    pool.submit(DRAWS, KEYS)
    deadline = time.monotonic() + 20
    while sum(child.renders for child in pool.started) < len(KEYS) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert_right(renders(pool))
    assert sum(child.renders for child in pool.started) == len(KEYS)
    other = [{**draw, "x": draw["x"] + 1} for draw in DRAWS]
    assert not np.array_equal(next(pool.render(other, KEYS))[0].layers, standin.picture(DRAWS[0], KEYS[0]).layers)


def test_stopping_does_not_wait_for_an_image(make):
    pool = make(1, seconds=30.0)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        renders(pool, stop=lambda: time.monotonic() > began + 0.5)
    pool.close()
    assert time.monotonic() - began < 10


def test_processes_end_with_a_job_that_was_killed(tmp_path, repo_root):
    """In the middle of a render, and what the job left behind is removed."""
    code = (f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            "import numpy as np, os, threading, time\n"
            "from pathlib import Path\n"
            "from autosimulate_addon.run.workers.child import Child, Limits\n"
            "from autosimulate_addon.protocol import SampleKey\n"
            f"order = {{'folder': {str(tmp_path)!r}, 'faults': {{}}, 'times': 1, 'seconds': 0.5,"
            f" 'about': {standin.ABOUT!r}}}\n"
            "from autosimulate_addon.run.workers.process import LocalProcess\n"
            f"process = LocalProcess([sys.executable, {str(SCRIPT)!r}], Path({str(tmp_path / 'log')!r}))\n"
            "child = Child(process, order, Limits())\n"
            "print(child.process.pid, flush=True)\n"
            "child.render({'x': np.ones((1, 1))}, SampleKey(0, 0, 0))\n")
    job = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=repo_root,
                           env={**os.environ, "PYTHONPATH": str(repo_root)})
    pid = int(job.stdout.readline())
    deadline = time.monotonic() + 20
    while not (tmp_path / f"started_{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    job.kill()
    job.wait()
    while not (tmp_path / "forgotten").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "forgotten").exists()
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_no_message_is_unpickled_or_half_read():
    stream = io.BytesIO()
    frames.write(stream, {"a": 1}, {"x": np.arange(5)})
    whole = stream.getvalue()
    header, arrays = frames.read(io.BytesIO(whole))
    assert header == {"a": 1} and np.array_equal(arrays["x"], np.arange(5))
    with pytest.raises(EOFError):
        frames.read(io.BytesIO(whole[:-1]))
    damaged = bytearray(whole)
    damaged[whole.index(np.arange(5).tobytes()) + 9] ^= 1           # which only the checksum tells
    with pytest.raises(frames.FrameError):
        frames.read(io.BytesIO(damaged))
    with pytest.raises(frames.FrameError):
        frames.encode({}, {"x": np.array([{"an": "object"}], dtype=object)})
    for lie in (("<i8", "|O"), ("[5]", "[6]"), ("[5]", "[-5]"), ("[5]", "5")):      # with a checksum that is right
        with pytest.raises(frames.FrameError):
            frames.decode(_with_header_changed(whole, *lie))


def _with_header_changed(message, old, new):
    start = struct.calcsize(frames._SIZES)
    magic, size, body_size, _ = struct.unpack(frames._SIZES, message[:start])
    text, body = message[start:start + size], message[start + size:]
    changed = text.replace(old.encode(), new.encode())
    assert changed != text
    return struct.pack(frames._SIZES, magic, len(changed), body_size, zlib.crc32(changed + body)) + changed + body
