"""The same key gives the same image, whatever the order; another key gives another."""

import numpy as np

from autosimulate_addon.blender.render.session import RenderSession, seed_of
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import SampleKey
from tests.blender import checks, scenes
from tests.blender.scenes import KEY


def test_order_sessions_and_other_renders_do_not_matter():
    checks.check_determinism()


def test_only_the_seed_changes_and_the_noise_does():
    """Persistent data overlook a change of nothing but the seed."""
    scene = scenes.start()
    scenes.sphere("Ball", radius=1.5)
    scenes.light("Lamp", (3, -3, 3))
    with RenderSession(scene, [], scenes.classes(), RenderSettings(32, 24)) as session:
        images = [session.render({}, KEY._replace(sample=sample)).layers for sample in (0, 1, 0, 2)]
    assert (images[0] != images[1]).any() and (images[1] != images[3]).any()
    np.testing.assert_array_equal(images[0], images[2])


def test_seeds_fit_cycles_and_keep_keys_apart():
    keys = [SampleKey(*parts) for parts in np.ndindex(5, 20, 30)]
    seeds = {seed_of(key) for key in keys}
    assert len(seeds) == len(keys) and all(0 <= seed < 2 ** 31 for seed in seeds)
    assert seed_of(SampleKey(1, 2, 3)) == seed_of(SampleKey(*np.array([1, 2, 3])))
    assert seed_of(SampleKey(0, 0, 0)) == 1908352443      # for ever: stored renders are named by their key


def test_every_kind_of_change_is_noticed():
    """A session's later renders equal those of sessions of their own, where nothing persists."""
    scene, marks = scenes.busy_scene(), scenes.all_marks()
    table = scenes.classes(box=["objects:A", "objects:B"], bare=["objects:Bare"], lamp=["materials:Lamp"])
    draws = [scenes.a_draw(marks, np.random.default_rng(seed)) for seed in range(4)]
    for mark in marks:      # from one to the next, only this mark's value changes
        draws.append(draws[-1] | {mark.name: draws[len(draws) % 4][mark.name]})
    with RenderSession(scene, marks, table, RenderSettings(32, 24)) as session:
        together = [session.render(draw, KEY) for draw in draws]
    for number, draw in enumerate(draws):
        alone = scenes.render(scene, table, marks, draw, size=(32, 24))
        np.testing.assert_array_equal(alone.labels, together[number].labels, err_msg=f"{number}")
        np.testing.assert_array_equal(alone.layers, together[number].layers, err_msg=f"{number}")
