"""Lights far from the photographs' brightness are brought to it before anything is learned, others left alone."""

from dataclasses import replace

import pytest
import torch

from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.core.matching.brightness import match_brightness, stops
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.standin import StandIn, start_narrow_wrong, start_wide, validation_and_test
from autosimulate_addon.core.tasks import make_task
from autosimulate_addon.protocol import Layer, SampleKey

LIGHTS = ("key_energy", "fill_energy", "back_energy")
COUNT = 24
TASK = make_task("segmentation", StandIn(start_wide).classes)


@pytest.fixture(scope="module")
def real():
    return as_validation(TASK, validation_and_test(n_val=24, n_test=1)[0], torch.device("cpu")).images


def rendered(start, factors=None, seed=0):
    simulator = StandIn(start)
    factors = factors or simulator.factors
    psi = Psi.from_factors(factors)
    keys = [SampleKey(seed, 0, k) for k in range(COUNT)]
    store = RenderStore(factors, simulator.layers)
    store.add(list(simulator.render([psi.sample(key) for key in keys], keys)), psi)
    return store, psi


def plain(psi, name):
    return psi.plain()[name]["mean"][0]


def test_stops_of_grey():
    # sRGB .5 is .2140 linear (IEC 61966-2-1): 2.224 stops below white
    grey = torch.full((1, 3, 4, 4), 0.5)
    assert stops(torch.cat([torch.ones(1, 3, 4, 4), grey])).tolist() == pytest.approx([0.0, -2.2241], abs=1e-3)
    # half the pixels white: one stop, not the mean of the pixels' stops
    grey[..., :2] = 1.0
    grey[..., 2:] = 0.0
    assert stops(grey).item() == pytest.approx(-1.0, abs=1e-3)


def test_a_dark_start_is_brought_to_the_photographs_and_all_lights_by_as_many_deviations(real):
    store, psi = rendered(start_narrow_wrong)
    matched = match_brightness(store, torch.arange(COUNT), psi, real, 7)
    assert matched.far and 2.2 < matched.stops < 3.4
    found = matched.psi
    fresh = stops(rendered(found.plain(), seed=1)[0].images(torch.arange(COUNT)))      # other scenes, other draws
    assert abs(fresh.mean() - stops(real).mean()) < 0.4
    # log-normal, of one spread: by as many deviations is by the same factor
    factors = [plain(found, name) / plain(psi, name) for name in LIGHTS]
    assert factors == pytest.approx([factors[0]] * 3) and factors[0] > 4
    assert torch.equal(found.phi[psi.is_scale], psi.phi[psi.is_scale])
    for name in ("location", "metal", "samples", "bounces"):
        assert torch.equal(found.phi_of(name), psi.phi_of(name))


def test_a_glaring_start_is_darkened(real):
    glaring = {**start_narrow_wrong, **{name: {"mean": [400.0], "std": [100.0]} for name in LIGHTS}}
    store, psi = rendered(glaring)
    found = match_brightness(store, torch.arange(COUNT), psi, 0.2 * real, 7)
    assert found.stops < -2
    lights = {name: torch.full((COUNT, 1, 1), plain(found.psi, name)) for name in LIGHTS}
    after = stops(store.images(torch.arange(COUNT), lights))
    assert abs(after.mean() - stops(0.2 * real).mean()) < 0.5


def test_what_the_spread_covers_is_left_to_the_hypergradient(real):
    store, psi = rendered(start_wide)
    found = match_brightness(store, torch.arange(COUNT), psi, real, 7)
    assert found.psi is psi and not found.far and abs(found.stops) > 0.3


def test_locked_lights_stay_where_they_are(real):
    factors = [replace(factor, locked=factor.key == "key_energy") for factor in StandIn(start_narrow_wrong).factors]
    store, psi = rendered(start_narrow_wrong, factors)
    found = match_brightness(store, torch.arange(COUNT), psi, real, 7).psi
    assert torch.equal(found.phi_of("key_energy"), psi.phi_of("key_energy"))
    assert plain(found, "fill_energy") > 3 * plain(psi, "fill_energy")


def test_renders_without_light_groups_are_left_alone(real):
    store, psi = rendered(start_narrow_wrong)
    store.specification = tuple(replace(layer, drivers=()) for layer in store.specification)
    found = match_brightness(store, torch.arange(COUNT), psi, real, 7)
    assert found.psi is psi and found.far and found.stops > 2


def test_where_other_light_is_brighter_than_the_photographs_lamps_are_not_put_out(real):
    """A world that stays gives most of the light: dimming lamps on and on would change nothing but psi."""
    store, psi = rendered(start_narrow_wrong)
    store.layers = torch.cat([store.layers, torch.full_like(store.layers[:, :1], 0.05)], 1)
    store.reference = torch.cat([store.reference, torch.ones_like(store.reference[:, :1])], 1)
    store.specification = (*store.specification, Layer("world"))
    found = match_brightness(store, torch.arange(COUNT), psi, 0.05 * real, 7)
    assert found.far and found.left < -2
    # Not to the mark's own lower end.
    assert 0.01 < plain(found.psi, "key_energy") / plain(psi, "key_energy") < 0.1
