"""Which of many instances a point belongs to, found by cubes of space as by asking all of them."""

import bpy  # noqa: F401 - brings bmesh
import numpy as np
import pytest

from autosimulate_addon.blender.render import instances
from autosimulate_addon.blender.render.instances import Instance


def scattered(count: int, sizes: tuple[float, float], rng: np.random.Generator) -> list[Instance]:
    """Boxes of side 2 that were scaled, turned a little and strewn over a field of 8 x 8."""
    made = []
    for _ in range(count):
        to_world = np.eye(4)
        to_world[:3, :3] = (np.eye(3) + rng.normal(0, 0.2, (3, 3))) * rng.uniform(*sizes)
        to_world[:3, 3] = rng.uniform(-4, 4, 3) * (1, 1, 0.1)
        to_local, volume = instances._inverse(to_world)
        assert np.allclose(to_local @ to_world, np.eye(4)) and volume == pytest.approx(np.linalg.det(to_world))
        made.append(Instance(1, None, to_world, to_local, np.full(3, -1.0), np.full(3, 1.0), abs(volume) ** (1 / 3)))
    return made


@pytest.mark.parametrize("sizes", [(0.04, 0.06), (0.02, 0.9)])
def test_cubes_find_what_asking_all_finds(sizes):
    rng = np.random.default_rng(3)
    group = scattered(60, sizes, rng)
    shown = rng.integers(0, len(group), 3000)
    local = rng.uniform(-1, 1, (3000, 3))
    local[np.arange(3000), rng.integers(0, 3, 3000)] = rng.choice((-1.0, 1.0), 3000)
    points = np.stack([(group[row].to_world @ [*point, 1])[:3] for row, point in zip(shown, local, strict=True)])
    beside = points[:50] + np.array((0, 0, 0.3)), rng.uniform(-50, 50, (50, 3))
    points = np.concatenate([points, *beside])
    found = instances._nearest(group, points)
    assert np.array_equal(found, instances._among(group, np.column_stack((points, np.ones(len(points)))))[0])
    if sizes[1] < 0.1:
        assert (found[:3000] == shown).mean() > 0.95
