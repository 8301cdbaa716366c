"""Random scenes, marks and data sets: each run ends in a result, or in one sentence before anything is rendered.

``pytest tests/run/triples --triples 200`` runs all of them; without it those of the first round that the rest of the
tests have time for. ``python -m tests.run.triples.play SEED NUMBER FOLDER`` runs one, and leaves its files.
"""

from __future__ import annotations

import os
import subprocess
import sys

import bpy
import pytest

from tests.run.triples import play

#: Those that also go through the real command line: numbers of the same decks.
AS_A_PROCESS = (0, 3, 7, 9, 14)


def pytest_generate_tests(metafunc):
    if "triple" in metafunc.fixturenames:
        seed, count = metafunc.config.getoption("--triples-seed"), metafunc.config.getoption("--triples")
        metafunc.parametrize("triple", [(seed, number) for number in range(count)],
                             ids=[f"seed-{seed}-number-{number}" for number in range(count)])


def test_every_triple_ends_in_a_result_or_one_sentence(triple, tmp_path, record_property):
    seed, number = triple
    made = play.make(tmp_path, seed, number)
    outcome = play.run(made)
    record_property("triple", (outcome.code == 0, outcome.code == 2, outcome.tracebacks, outcome.changed))
    assert outcome.faults == [], f"triple {number} of seed {seed}: {made.about}\n{outcome.said}"


@pytest.mark.parametrize("number", AS_A_PROCESS)
def test_the_real_command_line_ends_as_the_commands_do(repo_root, tmp_path, number):
    made = play.make(tmp_path, 1, number)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    kept = play.files(made.given)
    scene = () if "--scene" in made.argv else ("--scene", made.given / "scene.blend")
    ended = subprocess.run([sys.executable, str(repo_root / "headless/run.py"), *made.argv, *map(str, scene)],
                           capture_output=True, text=True, errors="replace", timeout=400,
                           env={**os.environ, "TMPDIR": str(tmp_path)})
    outcome = play.Outcome(ended.returncode, ended.stderr, 0, 0)
    play.judge(made, outcome)
    assert ended.stdout == "" and play.files(made.given) == kept
    assert outcome.faults == [], f"triple {number}: {made.about}\n{outcome.said}"


def test_the_decks_go_through_everything():
    """Every format, damage, structure and method comes up in 200 triples; and the same number is the same triple."""
    for name, items in (("format", tuple(play.FORMATS)), ("damage", play.annotation_damages.DAMAGES),
                        ("structure", play.scene_cases.STRUCTURES), ("trait", play.scene_traits.TRAITS)):
        drawn = [play.choice(items, name, 0, number) for number in range(200)]
        assert set(drawn) == set(items)
        assert drawn == [play.choice(items, name, 0, number) for number in range(200)]
        assert drawn != [play.choice(items, name, 1, number) for number in range(200)]
