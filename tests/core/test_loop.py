"""The loop: its events, its control, that it can be stopped anywhere and goes on as if it had not been."""

import math
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import torch

from autosimulate_addon.core.loop import LoopConfig
from autosimulate_addon.protocol import Cancelled, InputError

_spec = util.spec_from_file_location("helpers_loop", Path(__file__).with_name("helpers_loop.py"))
helpers = util.module_from_spec(_spec)
_spec.loader.exec_module(helpers)
make_loop, run, small = helpers.make_loop, helpers.run, helpers.small


@pytest.fixture(scope="module")
def uninterrupted():
    loop, simulator = make_loop()
    events = []
    loop.report = lambda name, data: events.append((name, data))
    return loop, run(loop), simulator, events


def saved(state, folder):
    """Through a file, as run/ does it."""
    torch.save(state, folder / "state.pt")
    return torch.load(folder / "state.pt", weights_only=True)


def same(a, b):
    assert torch.equal(a.psi.flat(), b.psi.flat())
    assert torch.equal(a.final.flat(), b.final.flat())
    assert torch.equal(a.best.flat(), b.best.flat())


def test_psi_moves_after_the_warm_up_and_every_iteration_is_told(uninterrupted):
    loop, records, _, events = uninterrupted
    assert not torch.equal(loop.psi.flat(), loop.start.flat())
    assert [r.psi == loop.start.plain() for r in records] == [True, True, False, False, False]
    assert [data["images"] for name, data in events if name == "iteration"] == [4, 8, 12, 16, 20]
    assert sum(name == "render" for name, _ in events) == 4 * 5 + 4 * 2
    assert events[-1][1]["status"] in ("max_iterations", "converged")
    assert set(events[-1][1]["seconds"]) == {"render", "train", "hypergradient", "step", "control"}
    assert all(math.isfinite(r.val_loss) and math.isfinite(r.control_val_loss) for r in records)


def test_the_control_shares_the_renders_of_the_warm_up(uninterrupted):
    loop, records, simulator, _ = uninterrupted
    # psi moves in iteration 2, after its images were drawn: the control renders its own in 3 and 4 only
    assert len(simulator.rendered) == 5 * 4 + 2 * 4
    assert records[1].val_loss == records[1].control_val_loss
    assert len(loop.control_store) == 20


def test_without_search_the_control_is_the_run_itself():
    loop, simulator = make_loop(small(method="none", iterations=2))
    for record in run(loop):
        assert record.val_loss == record.control_val_loss
    assert len(simulator.rendered) == 8


@pytest.mark.parametrize("on_disk", [False, True])
def test_resume_gives_bitwise_the_same_psi(uninterrupted, tmp_path, on_disk):
    folder = tmp_path / "renders" if on_disk else None
    loop, simulator = make_loop(renders_dir=folder)
    for _ in range(4):
        loop.iterate()
    state = saved(loop.state_dict(), tmp_path)
    assert ("images" in state["renders"]) is not on_disk
    resumed, second = make_loop(renders_dir=folder)
    resumed.load_state_dict(state)
    assert resumed.iteration == 4
    run(resumed)
    same(resumed, uninterrupted[0])
    assert len(second.rendered) == 8            # the last iteration's and its control's, none twice


def test_cancel_keeps_the_renders_and_the_state_of_the_last_complete_iteration(uninterrupted, tmp_path):
    loop, simulator = make_loop(renders_dir=tmp_path / "renders")
    for _ in range(3):
        loop.iterate()
    loop.stop = lambda: len(simulator.rendered) >= 14       # in the middle of rendering iteration 3
    with pytest.raises(Cancelled):
        loop.iterate()
    assert (loop.iteration, len(loop.store)) == (3, 12)
    loop.stop = lambda: False
    loop.report = lambda name, data: setattr(loop, "stop", lambda: name == "train" and data["fraction"] > 0.5)
    with pytest.raises(Cancelled):
        loop.iterate()                                      # in the middle of training
    assert (loop.iteration, len(loop.store)) == (3, 12)
    loop.stop, loop.report = (lambda: False), (lambda name, data: None)

    resumed, second = make_loop(renders_dir=tmp_path / "renders")
    resumed.load_state_dict(saved(loop.state_dict(), tmp_path))
    run(resumed)
    same(resumed, uninterrupted[0])
    assert len(simulator.rendered) + len(second.rendered) == 28
    run(loop)
    same(loop, uninterrupted[0])                            # the interrupted object itself goes on as well


def test_a_damaged_render_is_rendered_again(uninterrupted, tmp_path):
    loop, _ = make_loop(renders_dir=tmp_path)
    loop.iterate()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    files[0].write_bytes(files[0].read_bytes()[:500])
    files[1].write_bytes(b"")
    resumed, second = make_loop(renders_dir=tmp_path)
    resumed.load_state_dict(loop.state_dict())
    assert len(second.rendered) == 2
    assert torch.equal(resumed.store.layers, loop.store.layers)


def test_a_render_of_another_psi_is_not_mistaken_for_this_one(tmp_path):
    loop, simulator = make_loop(renders_dir=tmp_path)
    loop.iterate()
    cache = loop.simulator
    key = simulator.rendered[0]
    other = loop.start.step(torch.ones(loop.start.size, dtype=torch.float64)).sample(key)
    render, = cache.render([other], [key])
    assert len(simulator.rendered) == 5
    assert np.array_equal(render.draw["key_energy"], other["key_energy"])


@pytest.mark.parametrize("changes", [
    dict(method="lts"), dict(method="bo"), dict(method="random"), dict(literal=True),
    dict(approximation="linear"), dict(approximation="approximate-quadratic"), dict(approximation="no-validation"),
], ids=str)
def test_every_method_runs_and_resumes(tmp_path, changes):
    if changes.get("method") == "bo":
        pytest.importorskip("optuna")
    config = small(control=False, iterations=4, epochs=1, **changes)
    whole, _ = make_loop(config)
    run(whole)
    loop, _ = make_loop(config)
    loop.iterate(), loop.iterate(), loop.iterate()
    resumed, _ = make_loop(config)
    resumed.load_state_dict(saved(loop.state_dict(), tmp_path))
    run(resumed)
    same(resumed, whole)
    assert not torch.equal(whole.psi.flat(), whole.start.flat())


def test_locked_factors_do_not_move():
    from dataclasses import replace

    from autosimulate_addon.core.loop import Loop
    from autosimulate_addon.core.psi import Psi

    simulator = helpers.Counting()
    simulator.factors = tuple(replace(f, locked=f.key in ("key_energy", "metal")) for f in simulator.factors)
    start = Psi.from_factors(simulator.factors)
    loop = Loop(small(control=False, iterations=4), simulator, helpers.data()[0], start)
    run(loop)
    before, after = start.plain(), loop.psi.plain()
    assert before["key_energy"] == after["key_energy"] and before["metal"] == after["metal"]
    assert before["fill_energy"] != after["fill_energy"]

    simulator.factors = tuple(replace(f, locked=True) for f in simulator.factors)
    with pytest.raises(InputError, match="locked"):
        Loop(small(), simulator, helpers.data()[0], Psi.from_factors(simulator.factors))


@pytest.mark.parametrize("changes", [
    dict(method="magic"), dict(approximation="cubic"), dict(iterations=0), dict(images=1), dict(epochs=0),
    dict(device="tpu"), dict(network="transformer"),
], ids=str)
def test_bad_settings_are_one_sentence(changes):
    with pytest.raises(InputError) as error:
        LoopConfig(**changes)
    assert "\n" not in str(error.value)


def test_evaluate_fresh_is_a_function_of_its_seed():
    from autosimulate_addon.core.fresh import evaluate_fresh

    simulator = helpers.Counting()
    validation, test = helpers.data()
    psi = helpers.Psi.from_factors(simulator.factors)
    a, b, c = (evaluate_fresh(small(), simulator, psi, 8, seed, validation, test, n_steps=10) for seed in (1, 1, 2))
    assert a == b and a["loss"] != c["loss"]
    assert set(a) >= {"loss", "miou", "per_class", "val_loss", "val_miou"} and a["images"] == 8 and a["steps"] == 10
    fractions = []
    both = evaluate_fresh(small(), simulator, psi, 8, 1, validation, test, n_steps=10, networks=2,
                          report=lambda event, data: fractions.append(data["fraction"]) if event == "train" else None)
    assert both["losses"][0] == a["loss"] != both["losses"][1] and both["loss"] == pytest.approx(sum(both["losses"]) / 2)
    assert fractions == sorted(fractions) and fractions[-1] == 1


def test_film_is_learned_without_light_layers():
    """A simulator that cannot split light, whose film is learnable: pathwise for the film, score for the rest."""
    from dataclasses import replace

    from autosimulate_addon.core.loop import Loop
    from autosimulate_addon.core.psi import Psi
    from autosimulate_addon.protocol import Factor, Layer

    class Combined(helpers.Counting):
        def __init__(self):
            super().__init__()
            self.layers = (Layer("combined"),)
            self.factors += (
                Factor("film:exposure", "normal", start={"mean": np.array([0.5]), "std": np.array([0.5])}),
                Factor("film:white_balance", "normal", size=2, start={"mean": np.zeros(2), "std": np.full(2, 0.2)}),
                Factor("film:noise", "bounded", low=np.array([0.0]), high=np.array([0.2]),
                       start={"mean": np.array([0.05]), "std": np.array([0.02])}),
                Factor("film:blur", "bounded", low=np.array([0.0]), high=np.array([2.0]),
                       start={"mean": np.array([0.6]), "std": np.array([0.3])}),
            )

        def render(self, draws, keys):
            for render in super().render(draws, keys):
                yield replace(render, layers=render.layers.astype(np.float32).sum(0, keepdims=True).astype(np.float16),
                              reference=np.ones((1, 3), np.float32))

    simulator = Combined()
    start = Psi.from_factors(simulator.factors)
    loop = Loop(small(control=False, iterations=4), simulator, helpers.data()[0], start)
    run(loop)
    moved = loop.psi.flat() != start.flat()
    assert bool(moved.any()) and all(bool(moved[start.slices[key]].any()) for key in
                                     ("film:exposure", "film:white_balance", "film:noise", "film:blur", "key_energy"))


def test_influence_maps_fit_their_images(uninterrupted):
    found = uninterrupted[0].influence(3)
    assert found.images.shape == (3, 24, 32, 3) and found.maps.shape == found.labels.shape == (3, 24, 32)
    assert np.isfinite(found.maps).all() and np.abs(found.maps).max() > 0
    assert found.keys == uninterrupted[0].store.keys[-3:]


def test_the_hypergradient_is_the_mean_over_networks_that_see_the_same_renders(uninterrupted):
    assert small().ensemble == 3 and small(method="none").ensemble == small(literal=True).ensemble == 1
    whole = uninterrupted[0]
    assert all(companion.store is whole.store for companion in whole.companions)
    alone, _ = make_loop(small(networks=1))
    run(alone)
    assert alone.companions == [] and not torch.equal(alone.psi.flat(), whole.psi.flat())
    weights = [next(iter(learner.network.parameters())) for learner in (whole.learner, *whole.companions)]
    assert not any(torch.equal(weights[0], other) for other in weights[1:])


def test_no_network_at_all_is_refused():
    with pytest.raises(InputError, match="networks is 0"):
        small(networks=0)
