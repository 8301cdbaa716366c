"""One signal asks, the second ends at once, also while C code holds on."""

import os
import signal
import subprocess
import sys
import time

import pytest

from autosimulate_addon.run.process.signals import StopRequest

_WAITER = """
import sys, time
sys.path.insert(0, {root!r})
from autosimulate_addon.run.process.signals import StopRequest
with StopRequest() as stop:
    print("ready", flush=True)
    while True:
        time.sleep(0.05)
"""


def test_a_signal_is_a_request_and_handlers_come_back():
    before = signal.getsignal(signal.SIGTERM)
    told = []
    with StopRequest(announce=lambda: told.append(True)) as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert stop() and told == [True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_cancel_file_is_a_request():
    asked = []
    with StopRequest(lambda: bool(asked)) as stop:
        assert not stop()
        asked.append(1)
        assert stop()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_the_second_signal_ends_the_process_with_130():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    process = subprocess.Popen([sys.executable, "-c", _WAITER.format(root=root)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
    finally:
        process.kill()
