"""The store of renders and its importance weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from autosimulate_addon.core.film import develop
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.tasks import make_task
from autosimulate_addon.protocol import AutoSimulateError, Driver, Factor, Layer, Render, SampleKey

torch.set_num_threads(1)

FACTORS = (
    Factor("energy", "lognormal", start={"mean": [2.], "std": [1.]}),
    Factor("x", "normal", 2, start={"mean": [0.], "std": [1.]}),
    Factor("material", "categorical", items=tuple("abc"), start={"p": [.2, .3, .5]}),
    Factor("film:exposure", "normal", start={"mean": [0.], "std": [.5]}),
)
LAYERS = (Layer("key", (Driver("energy"),)), Layer("rest"))


def renders(psi, iteration, n):
    result = []
    for sample in range(n):
        key = SampleKey(0, iteration, sample)
        draw = psi.sample(key)
        random = np.random.default_rng(1000 * iteration + sample)
        result.append(Render(
            key, draw, (random.random((2, 4, 5, 3)) * .3).astype(np.float16),
            np.array([[draw["energy"][0, 0]] * 3, [1.] * 3], np.float32),
            random.integers(0, 3, (4, 5)).astype(np.uint8), random.integers(0, 60_000, (4, 5)).astype(np.uint16), .5))
    return result


def filled(steps, n=8):
    """A store of one generation per psi, psi moving by the steps."""
    psi = Psi.from_factors(FACTORS)
    store, psis = RenderStore(FACTORS, LAYERS), []
    for iteration, u in enumerate(steps):
        psi = psi.step(u)
        psis.append(psi)
        store.add(renders(psi, iteration, n), psi)
    return store, psis


def steps(count, size=.3, seed=0):
    g = torch.Generator().manual_seed(seed)
    return [torch.zeros(Psi.from_factors(FACTORS).size), *(
        torch.randn(Psi.from_factors(FACTORS).size, generator=g) * size for _ in range(count - 1))]


def test_what_is_stored():
    store, psis = filled(steps(2), 3)
    second = renders(psis[1], 1, 3)
    assert len(store) == 6 and store.keys[4] == SampleKey(0, 1, 1)
    assert store.layers.dtype == torch.float16 and np.array_equal(store.layers[4], second[1].layers)
    assert np.array_equal(store.labels[4], second[1].labels) and np.array_equal(store.instances[4], second[1].instances)
    assert np.array_equal(store.draws["x"][4], second[1].draw["x"]) and store.draws["material"].dtype == torch.int64
    assert store.generation.tolist() == [0, 0, 0, 1, 1, 1] and float(store.seconds.sum()) == 3
    expected = psis[1].log_q([render.draw for render in second], ["x"])
    assert torch.equal(store.log_q["x"][3:], expected)
    assert store.add([], psis[1]).numel() == 0 and len(store) == 6
    assert store.add(renders(psis[1], 2, 2), psis[1]).tolist() == [6, 7]


def test_what_needs_a_render():
    store = RenderStore(FACTORS, LAYERS)
    assert store.driven == {"energy", "film:exposure"} and store.rendered == ("x", "material")


def test_images_under_their_own_values_and_others():
    store, _ = filled(steps(2), 3)
    index = torch.tensor([4, 1])
    own = {key: store.draws[key][index] for key in ("energy", "film:exposure")}
    assert torch.equal(store.images(index), develop(store.layers[index], store.reference[index], LAYERS, own))
    others = {"energy": torch.full((4, 1, 1), 3.)}
    assert store.images(index, others, relights=2).shape == (4, 3, 4, 5)
    task = make_task("segmentation", ("background", "thing"))
    assert torch.equal(store.targets(task, index, 2), store.labels[torch.tensor([4, 4, 1, 1])].long())


def test_one_generation_weighs_all_renders_alike():
    store, psis = filled(steps(1))
    weights, effective = store.importance_weights(psis[0])
    assert weights.tolist() == pytest.approx([1 / 8] * 8) and effective == pytest.approx(8)


def test_weights_are_the_balance_heuristic_whatever_was_asked_before():
    """Against the definition, with generations of different sizes and the cache warm from earlier ones."""
    psi, store, psis = Psi.from_factors(FACTORS), RenderStore(FACTORS, LAYERS), []
    for iteration, (u, n) in enumerate(zip(steps(4), (3, 8, 1, 5), strict=True)):
        psi = psi.step(u)
        psis.append(psi)
        store.add(renders(psi, iteration, n), psi)
        store.importance_weights(psi)
    for keys in (None, ["x"], ["energy", "x"]):
        chosen = keys or ["x", "material"]
        density = torch.stack([p.log_q(store.draws, chosen) for p in psis]).exp()
        mixture = (density * torch.tensor([3., 8, 1, 5])[:, None] / 17).sum(0)
        assert torch.allclose(store.log_mixture(keys), mixture.log())
        ratio = (density[-1] / mixture).clamp(max=2.)
        weights, effective = store.importance_weights(psis[-1], keys, cap=2.)
        assert torch.allclose(weights, ratio / ratio.sum())
        assert effective == pytest.approx(float(ratio.sum() ** 2 / (ratio ** 2).sum()))


def test_weighted_renders_estimate_expectations_under_the_present_psi():
    g = torch.zeros(Psi.from_factors(FACTORS).size)
    start = Psi.from_factors(FACTORS)
    g[start.slices["x"].start] = .6
    store, psis = filled([torch.zeros_like(g), g, g], 300)
    mean = psis[-1].plain()["x"]["mean"][0]
    weights, effective = store.importance_weights(psis[-1], ["x"])
    x = store.draws["x"][..., 0].mean(1)
    assert float((weights * x).sum()) == pytest.approx(mean, abs=.08)
    assert abs(float(x.mean()) - mean) > .3                            # unweighted is far off
    assert 300 < effective < 900


def test_a_psi_far_from_all_renders_is_told_by_the_effective_size():
    store, psis = filled(steps(1), 50)
    far = psis[0]
    for _ in range(20):
        far = far.step(torch.tensor([0., 0, 3., 0, 0, 0, 0, 0, 0]))
    weights, effective = store.importance_weights(far, ["x"])
    assert weights.isfinite().all() and float(weights.sum()) == pytest.approx(1) and effective < 5


def test_absent_values_do_not_weigh():
    psi = Psi.from_factors(FACTORS)
    store, moved = RenderStore(FACTORS, LAYERS), psi.step(torch.tensor([0., 0, 2., 0, 0, 0, 0, 0, 0]))
    absent = [replace(render, draw={**render.draw, "x": np.full((2, 1), np.nan)}) for render in renders(psi, 0, 4)]
    store.add(absent, psi)
    assert store.importance_weights(moved, ["x"]).weights.tolist() == pytest.approx([.25] * 4)


def test_broken_renders_are_refused():
    psi = Psi.from_factors(FACTORS)
    store, (render,) = RenderStore(FACTORS, LAYERS), renders(psi, 0, 1)
    for change, word in (({"layers": np.full((2, 4, 5, 3), np.inf, np.float16)}, "finite"),
                         ({"layers": render.layers[:1]}, "1 light layers"),
                         ({"reference": np.zeros((2, 3), np.float32)}, "at 0")):
        with pytest.raises(AutoSimulateError, match=word):
            store.add([replace(render, **change)], psi)
    assert len(store) == 0
