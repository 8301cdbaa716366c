"""--tensorboard: what TensorBoard reads is what events.jsonl says."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Done, Iteration
from autosimulate_addon.protocol.numbers import Numbers, Row
from autosimulate_addon.run.process import requirements
from autosimulate_addon.run.record.events import EventLog, read_events
from autosimulate_addon.run.record.tensorboard import Scalars


def scalars(folder: Path) -> dict[tuple[str, int], tuple[float, float]]:
    """(tag, step) -> (value, wall time), by TFRecord's frames: length, its checksum, data, their checksum."""
    proto = pytest.importorskip("tensorboardX.proto.event_pb2")
    file, = folder.iterdir()
    data, found = file.read_bytes(), {}
    while data:
        length, = struct.unpack("<Q", data[:8])
        event = proto.Event.FromString(data[12:12 + length])
        found |= {(value.tag, event.step): (value.simple_value, event.wall_time) for value in event.summary.value}
        data = data[16 + length:]
    return found


def test_iterations_and_the_comparison_are_scalars(tmp_path):
    pytest.importorskip("tensorboardX")
    log = EventLog(tmp_path / "events.jsonl", Scalars(tmp_path / "tensorboard"))
    psi = {"Key": {"mean": [3.0], "std": [1.0]}, "Cube": {"mean": [1.0, 2.0]}}
    log.write(Iteration(1, 24, val_loss=0.5, val_metric=0.25, psi=psi, seconds={"render": 7.0}))
    log.write(Iteration(2, 48, val_loss=0.25, control_val_metric=0.125))
    log.write(Done(Numbers("autosimulate", rows={"learned": Row(0.5, 0.75, images=48)})))
    log.close()
    found = scalars(tmp_path / "tensorboard")
    assert {key: value for key, (value, _) in found.items()} == {
        ("validation/val_loss", 24): 0.5, ("validation/val_metric", 24): 0.25, ("psi/Key/mean", 24): 3.0,
        ("psi/Key/std", 24): 1.0, ("psi/Cube/mean.0", 24): 1.0, ("psi/Cube/mean.1", 24): 2.0,
        ("seconds/render", 24): 7.0, ("validation/val_loss", 48): 0.25,
        ("validation/control_val_metric", 48): 0.125, ("comparison/learned/loss", 48): 0.5,
        ("comparison/learned/metric", 48): 0.75}
    first = next(iter(read_events(tmp_path / "events.jsonl")))
    assert math.isclose(found["validation/val_loss", 24][1], first.time, abs_tol=1e-3)


def test_a_missing_package_is_said_before_anything_is_rendered(monkeypatch):
    there = requirements._installed
    monkeypatch.setattr(requirements, "_installed", lambda name: name != "tensorboardX" and there(name))
    requirements.check("optimize")
    with pytest.raises(InputError, match="tensorboardX is not installed"):
        requirements.check("optimize", tensorboard=True)
