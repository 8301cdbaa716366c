"""Render processes in Blender: the same bits as the job itself, whatever their number; the same psi, ahead or not."""

import json
from dataclasses import replace

import pytest

from autosimulate_addon.core.psi import Psi
from autosimulate_addon.protocol import InputError, SampleKey, WorksAhead
from autosimulate_addon.run import cli
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.scene import marked_scene
from autosimulate_addon.run.scene.simulator import open_simulator
from tests.run.scenes import MARKS

CONFIG = RunConfig(width=16, height=12, samples=1)
KEYS = [SampleKey(0, 0, sample) for sample in range(5)]


def renders(marked, config):
    with open_simulator(marked, config) as simulator:
        assert isinstance(simulator, WorksAhead) == (config.workers > 1)
        psi = Psi.from_factors(simulator.factors)
        found = list(simulator.render([psi.sample(key) for key in KEYS], KEYS))
        assert simulator.images == len(KEYS)
        return found, simulator.missing_classes()


@pytest.fixture(scope="module")
def with_states(inputs):
    """Marks of all kinds, and a class that a wall hides: what another process has to be told of."""
    path = inputs / "more_marks.toml"
    path.write_text(MARKS.partition("[settings]")[0] + """
        [[learnable]]
        name = "look"
        [[learnable.states]]
        name = "high"
        set = { "objects['Ground'].location" = [0.0, 0.0, 0.1], "scenes['Scene'].cycles.max_bounces" = 0 }
        [[learnable.states]]
        name = "low"
        set = { "objects['Ground'].location" = [0.0, 0.0, -0.1], "scenes['Scene'].cycles.max_bounces" = 2 }
        [[learnable]]
        film = "exposure"
        """)
    return marked_scene.open_marked_scene(str(inputs / "scene.blend"), path)


def test_another_process_renders_the_same_bits(with_states):
    (here, missing), (there, missing_there) = (renders(with_states, replace(CONFIG, workers=n)) for n in (1, 2))
    for one, other in zip(here, there, strict=True):
        assert one.key == other.key and set(one.draw) == set(other.draw)
        for name in ("layers", "reference", "labels", "instances"):
            a, b = getattr(one, name), getattr(other, name)
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes()
        assert all(one.draw[key].tobytes() == other.draw[key].tobytes() for key in one.draw)
    assert missing == missing_there


def run(inputs, output, *extra):
    flags = ["optimize", "--scene", inputs / "scene.blend", "--marks", inputs / "marks.toml", "--validation",
             inputs / "validation", "--output", output, "--device", "cpu", "--no-compare", *extra]
    assert cli.main([str(flag) for flag in flags]) == 0
    return {entry["key"]: entry["final"] for entry in json.loads((output / "psi.json").read_text())["factors"]}


def test_psi_is_the_same_to_the_last_bit(inputs, tmp_path, capfd):
    """And a run that was begun by one process may be resumed by two."""
    small = ("--iterations", 3, "--images", 3)
    one = run(inputs, tmp_path / "one", *small)
    assert run(inputs, tmp_path / "two", *small, "--workers", 2) == one         # which renders ahead
    assert cli.main(["--resume", str(tmp_path / "one"), "--workers", "2"]) == 0
    assert "is complete" in capfd.readouterr().err


@pytest.mark.parametrize("devices", ["0;1", "0,,1", "/dev/nvidia0"])
def test_devices_are_a_list(devices):
    with pytest.raises(InputError, match="--worker-devices"):
        RunConfig(worker_devices=devices)
