"""The stand-in: physics, protocol, and that relighting it is rendering it."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from autosimulate_addon.core.film import develop
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.standin import (
    StandIn,
    factors,
    start_narrow_wrong,
    start_wide,
    target,
    validation_and_test,
)
from autosimulate_addon.core.standin.scene import HEIGHT, LIGHTS, WIDTH, Scenes
from autosimulate_addon.core.standin.shading import camera_rays, look
from autosimulate_addon.protocol import SampleKey, Simulator

torch.set_num_threads(1)


def keys(n, iteration=0):
    return [SampleKey(5, iteration, sample) for sample in range(n)]


@pytest.fixture(scope="module")
def drawn():
    psi = Psi.from_factors(factors())
    return [psi.sample(key) for key in keys(24)]


@pytest.fixture(scope="module")
def rendered(drawn):
    return list(StandIn().render(drawn, keys(24)))


def scene(n=8, **changes):
    """Scenes of the target with parts of them set."""
    psi = Psi.from_plain(factors(), target)
    scenes = Scenes.of([psi.sample(key) for key in keys(n)], keys(n))
    return replace(scenes, noise=torch.zeros_like(scenes.noise), **changes)


def test_it_is_a_simulator(rendered, drawn):
    simulator = StandIn()
    assert isinstance(simulator, Simulator)
    for render, key in zip(rendered, keys(24), strict=True):
        assert render.key == key
        assert render.layers.shape == (3, HEIGHT, WIDTH, 3) and render.layers.dtype == np.float16
        assert render.reference.shape == (3, 3) and render.reference.dtype == np.float32
        assert render.labels.shape == (HEIGHT, WIDTH) and render.labels.dtype == np.uint8
        assert render.instances.dtype == np.uint16 and np.isfinite(render.layers).all()
    assert {factor.key for factor in simulator.factors} == set(rendered[0].draw)
    store = RenderStore(simulator.factors, simulator.layers)
    store.add(rendered, Psi.from_factors(simulator.factors))
    assert store.driven == set(LIGHTS)
    assert store.images(torch.arange(24)).shape == (24, 3, HEIGHT, WIDTH)


def test_a_picture_depends_on_its_draw_and_key_alone(rendered, drawn):
    alone, = StandIn().render(drawn[19:20], keys(24)[19:20])
    assert np.array_equal(alone.layers, rendered[19].layers) and np.array_equal(alone.labels, rendered[19].labels)


def test_relighting_is_rendering(rendered, drawn):
    """Other energies, same key: the re-mix of the stored layers, noise and all, is the new render."""
    others = [{**draw, **{name: draw[name] * gain for name, gain in zip(LIGHTS, (3., .4, 1.7), strict=True)}}
              for draw in drawn]
    store, new = (RenderStore(factors(), StandIn.layers) for _ in range(2))
    store.add(rendered, Psi.from_factors(factors()))
    new.add(list(StandIn().render(others, keys(24))), Psi.from_factors(factors()))
    index = torch.arange(24)
    values = {name: new.draws[name] for name in LIGHTS}
    assert (store.images(index, values) - new.images(index)).abs().max() < 3e-3       # half precision
    assert (store.images(index) - new.images(index)).abs().max() > .1


def test_instances_agree_with_labels_and_with_what_is_absent(rendered):
    kind = np.array([0, 1, 1, 2, 2, 3, 3])
    for render in rendered:
        assert np.array_equal(kind[render.instances], render.labels)
        absent = np.isnan(render.draw["location"]).any(1)
        assert np.array_equal(absent, render.draw["metal"][:, 0] == -1) and 2 <= (~absent).sum() <= 4
        assert not set(np.flatnonzero(absent) + 1) & set(np.unique(render.instances))
    assert not np.isnan(next(StandIn(mark_absent=False).render([rendered[0].draw], keys(1))).draw["metal"]).any()


def test_a_lone_sphere_is_where_it_should_be():
    present = torch.zeros(1, 6, dtype=torch.bool)
    present[0, 0] = True
    location = torch.zeros(1, 6, 2)
    location[0, 0] = torch.tensor([.7, -.4])
    scenes = scene(1, present=present, location=location)
    origin, direction = camera_rays(scenes)
    centre = torch.tensor([.7, -.4, float(scenes.size[0, 0])])
    along = ((centre - origin[0]) * direction[0]).sum(-1, keepdim=True)
    nearest = (origin[0] + along * direction[0] - centre).norm(dim=-1).reshape(HEIGHT, WIDTH)
    assert torch.equal(look(scenes).labels[0] == 1, nearest < scenes.size[0, 0])


def test_cubes_and_cylinders_turn_about_z():
    """A turned cylinder looks the same; a cube does after a quarter turn, and not after an eighth."""
    def labels(kind, angle):
        present = torch.zeros(1, 6, dtype=torch.bool)
        present[0, kind] = True
        return look(scene(1, present=present, location=torch.zeros(1, 6, 2), metal=torch.zeros(1, 6),
                          rotation=torch.full((1, 6), angle)))

    assert torch.equal(labels(4, .3).labels, labels(4, 1.).labels)
    assert torch.allclose(labels(2, .3).layers, labels(2, .3 + math.pi / 2).layers, atol=1e-4)
    assert (labels(2, 0.).labels != labels(2, math.pi / 4).labels).any()


def test_light_is_linear_and_shadows_are_dark():
    plain, bright = look(scene()), look(scene(energy=2 * scene().energy))
    assert torch.allclose(2 * plain.layers, bright.layers, rtol=1e-5)
    unlit = scene(ambient=torch.zeros(8), metal=torch.zeros(8, 6))
    ground = look(unlit).instances == 0
    black = (look(unlit).layers[:, 0].amax(-1) == 0) & ground
    assert 0 < black.double().mean() < .5
    empty = replace(unlit, present=torch.zeros(8, 6, dtype=torch.bool))
    assert ((look(empty).layers[:, 0].amax(-1) > 0) | ~black).all()                    # it was the objects' shadow


def test_ambient_light_grows_with_bounces():
    means = [float(look(scene(ambient=torch.full((8,), gain))).layers.mean()) for gain in (0., .5, .85, 1.)]
    assert all(a < b for a, b in pairwise(means))


def test_noise_falls_with_the_square_root_of_samples():
    clean = look(scene()).layers
    noise = torch.randn(clean.shape[0], HEIGHT, WIDTH, 4, generator=torch.Generator().manual_seed(0))
    spread = [float((look(replace(scene(), noise=noise, samples=torch.full((8,), n))).layers - clean).std())
              for n in (1., 4., 16., 64.)]
    assert [a / b for a, b in pairwise(spread)] == pytest.approx([2., 2., 2.], rel=1e-3)


def test_starts_are_the_ones_the_numbers_are_quoted_for():
    """In logs: wide 1, .5, .5 +- 1.2; narrow 0, -.6, -.6 +- .7; target 2, 1, 1.3 +- .3."""
    for plain, mean, std in ((start_wide, (1., .5, .5), 1.2), (start_narrow_wrong, (0., -.6, -.6), .7),
                             (target, (2., 1., 1.3), .3)):
        psi = Psi.from_plain(factors(), plain)
        for name, mu in zip(LIGHTS, mean, strict=True):
            assert psi.phi_of(name).exp().tolist() == pytest.approx([math.exp(mu), std])
    assert target["metal"]["p"][1] == pytest.approx(.7685, abs=1e-4)
    assert Psi.from_factors(factors(start_narrow_wrong)).plain()["location"]["mean"] == [-1.6, -1.2]


def test_validation_and_test_are_fixed_and_apart():
    a, b = (validation_and_test(seed=3, n_val=6, n_test=7) for _ in range(2))
    assert a[0].images.shape == (6, HEIGHT, WIDTH, 3) and a[1].labels.shape == (7, HEIGHT, WIDTH)
    assert np.array_equal(a[0].images, b[0].images) and np.array_equal(a[1].labels, b[1].labels)
    assert not np.array_equal(a[0].images[0], a[1].images[0])
    assert not np.array_equal(validation_and_test(seed=4, n_val=1, n_test=1)[0].images[0], a[0].images[0])
    assert a[0].classes == StandIn.classes and set(np.unique(a[1].labels)) <= {0, 1, 2, 3}


def test_pathwise_gradient_through_stored_layers(rendered):
    """Mean brightness by each light's log-normal parameters: d/du against a finite difference of psi."""
    psi = Psi.from_factors(factors())
    store = RenderStore(factors(), StandIn.layers)
    store.add(rendered[:4], psi)

    def brightness(u, values=None):
        values = psi.step(u).resample(LIGHTS, 4, seed=1) if values is None else values
        return develop(store.layers[:4], store.reference[:4], StandIn.layers, values).mean((1, 2, 3)).double().sum()

    draws = psi.resample(LIGHTS, 4, seed=1)
    leaves = draws.leaves()
    gradients = dict(zip(leaves, torch.autograd.grad(brightness(None, leaves), list(leaves.values())), strict=True))
    pathwise = draws.pathwise(gradients).sum(0)
    for column in range(6):
        u = torch.zeros(psi.size)
        u[column] = 1e-3
        numeric = (brightness(u) - brightness(-u)).detach() / 2e-3
        assert float(pathwise[column]) == pytest.approx(float(numeric), rel=.05, abs=2e-3)
