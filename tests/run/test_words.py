"""What is said stays one line, whatever the names in it are made of."""

import logging
import os

import pytest

from autosimulate_addon.protocol import InputError, one_line
from autosimulate_addon.run.process.log import Log, logger
from autosimulate_addon.run.process.streams import say

NAMES = ["a\nb", "a\rb", "a\x1b[2Jb", "a\u2028b", "a\x85b", os.fsdecode(b"caf\xe9")]


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_is_one_line_that_any_stream_takes(name, capsys):
    say(f"Note: {name} is missing.")
    for said in (str(InputError(f"{name} is missing.")), capsys.readouterr().err.removesuffix("\n")):
        assert len(said.splitlines()) == 1 and said.isprintable()
        said.encode()


def test_what_people_write_stays_as_it_is():
    for name in ("Bällé", "球体", "٣ابع", "e\u0301", "👩‍🚀", "a'b \"c\" \\ $x$"):
        assert one_line(name) == name


def test_the_log_takes_every_name(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with Log() as log:
        log.write_to(tmp_path / "log.txt")
        logger.warning("%s", os.fsdecode(b"caf\xe9"))
    assert "caf" in (tmp_path / "log.txt").read_text() and "Traceback" not in capfd.readouterr().err
