"""The loop: its events, its control, that it can be stopped anywhere and goes on as if it had not been."""

import math
from dataclasses import replace
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import torch

from autosimulate_addon.core.evaluation import Evaluation, evaluate_from_scratch
from autosimulate_addon.core.influence import influence
from autosimulate_addon.core.loop import LoopConfig
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.watch import Watch
from autosimulate_addon.protocol import Cancelled, Factor, InputError, Layer
from autosimulate_addon.protocol.events import Rendered, Trained

_spec = util.spec_from_file_location("helpers_loop", Path(__file__).with_name("helpers_loop.py"))
helpers = util.module_from_spec(_spec)
_spec.loader.exec_module(helpers)
Run, small = helpers.Run, helpers.small


@pytest.fixture(scope="module")
def uninterrupted():
    run = Run()
    return run, run.run()


def saved(state, folder):
    """Through a file, as run/ does it."""
    torch.save(state, folder / "state.pt")
    return torch.load(folder / "state.pt", weights_only=True)


def same(a, b):
    assert torch.equal(a.state.psi.phi, b.state.psi.phi)
    assert torch.equal(a.state.final.phi, b.state.final.phi)
    assert torch.equal(a.state.best.phi, b.state.best.phi)


def test_psi_moves_after_the_warm_up_and_every_iteration_is_reported(uninterrupted):
    run, pairs = uninterrupted
    assert not torch.equal(run.state.psi.phi, run.state.start.phi)
    assert [torch.equal(r.psi.phi, run.state.start.phi) for r, _ in pairs] == [True, True, False, False, False]
    assert [r.images for r, _ in pairs] == [4, 8, 12, 16, 20]
    renders = [event for event in run.events if isinstance(event, Rendered)]
    assert [event.done for event in renders] == list(range(1, 21)) and {event.total for event in renders} == {20}
    last = pairs[-1][0]
    assert last.outcome.status in ("max_iterations", "converged")
    assert set(last.seconds) == {"render", "train", "hypergradient", "step"}
    assert all(math.isfinite(r.val_loss) and math.isfinite(c.val_loss) for r, c in pairs)


def test_the_control_shares_the_renders_of_the_warm_up(uninterrupted):
    run, pairs = uninterrupted
    # psi moves in iteration 2, after its images were drawn: the control renders its own in 3 and 4 only
    assert len(run.simulator.rendered) == 5 * 4 + 2 * 4
    assert pairs[1][0].val_loss == pairs[1][1].val_loss
    assert len(run.control.store) == 20


def test_without_search_the_control_is_the_run_itself():
    run = Run(small(method="none", iterations=2))
    for record, control in run.run():
        assert record.val_loss == control.val_loss
    assert len(run.simulator.rendered) == 8


@pytest.mark.parametrize("on_disk", [False, True])
def test_resume_gives_bitwise_the_same_psi(uninterrupted, tmp_path, on_disk):
    folder = tmp_path / "renders" if on_disk else None
    run = Run(renders_dir=folder)
    run.run(4)
    state = saved(run.state_dict(), tmp_path)
    assert ("images" in state["run"]["renders"]) is not on_disk
    resumed = Run(renders_dir=folder)
    resumed.load(state)
    assert resumed.state.iteration == resumed.control.iteration == 4
    (_, control), = resumed.run()
    assert control.val_loss == uninterrupted[1][-1][1].val_loss
    same(resumed, uninterrupted[0])
    assert len(resumed.simulator.rendered) == 8         # the last iteration's and its control's, none twice


@pytest.mark.parametrize("where", ["rendering", "training"])
def test_cancel_keeps_the_renders_and_the_last_complete_iteration_can_be_resumed(uninterrupted, tmp_path, where):
    run = Run(renders_dir=tmp_path / "renders")
    run.run(3)
    state = saved(run.state_dict(), tmp_path)
    if where == "rendering":
        run.stop = lambda: len(run.simulator.rendered) >= 14
    else:
        run.stop = lambda: isinstance(run.events[-1], Trained) and run.events[-1].fraction > 0.5
    with pytest.raises(Cancelled):
        run.run()
    assert run.state.iteration == 3

    resumed = Run(renders_dir=tmp_path / "renders")
    resumed.load(state)
    resumed.run()
    same(resumed, uninterrupted[0])
    assert len(run.simulator.rendered) + len(resumed.simulator.rendered) == 28


def test_a_damaged_render_is_rendered_again(uninterrupted, tmp_path):
    run = Run(renders_dir=tmp_path)
    run.run(1)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    files[0].write_bytes(files[0].read_bytes()[:500])
    files[1].write_bytes(b"")
    resumed = Run(renders_dir=tmp_path)
    resumed.load(run.state_dict())
    assert len(resumed.simulator.rendered) == 2
    assert torch.equal(resumed.state.store.layers, run.state.store.layers)


def test_a_render_of_another_psi_is_not_mistaken_for_this_one(tmp_path):
    run = Run(renders_dir=tmp_path)
    run.run(1)
    key = run.simulator.rendered[0]
    start = run.state.start
    other = start.step(torch.ones(start.size, dtype=torch.float64)).sample(key)
    render, = run.state.simulator.render([other], [key])
    assert len(run.simulator.rendered) == 5
    assert np.array_equal(render.draw["key_energy"], other["key_energy"])


@pytest.mark.parametrize("changes", [
    dict(method="lts"), dict(method="bo"), dict(method="random"), dict(method="published"),
    dict(approximation="linear"), dict(approximation="approximate-quadratic"), dict(approximation="no-validation"),
], ids=str)
def test_every_method_runs_and_resumes(tmp_path, changes):
    if changes.get("method") == "bo":
        pytest.importorskip("optuna")
    config = small(control=False, iterations=4, epochs=1, **changes)
    whole = Run(config)
    whole.run()
    run = Run(config)
    run.run(3)
    resumed = Run(config)
    resumed.load(saved(run.state_dict(), tmp_path))
    resumed.run()
    same(resumed, whole)
    assert not torch.equal(whole.state.psi.phi, whole.state.start.phi)


def test_locked_factors_do_not_move():
    simulator = helpers.Counting()
    simulator.factors = tuple(replace(f, locked=f.key in ("key_energy", "metal")) for f in simulator.factors)
    run = Run(small(control=False, iterations=4), simulator=simulator)
    run.run()
    before, after = run.state.start.plain(), run.state.psi.plain()
    assert before["key_energy"] == after["key_energy"] and before["metal"] == after["metal"]
    assert before["fill_energy"] != after["fill_energy"]

    simulator.factors = tuple(replace(f, locked=True) for f in simulator.factors)
    with pytest.raises(InputError, match="locked"):
        Run(small(), simulator=simulator)


@pytest.mark.parametrize("changes", [
    dict(method="magic"), dict(approximation="cubic"), dict(iterations=0), dict(images=1), dict(epochs=0),
    dict(replay=0), dict(objective="luck"), dict(learning_rate=0.0), dict(batch_size=0),
    dict(device="tpu"), dict(network="transformer"),
], ids=str)
def test_bad_settings_are_one_sentence(changes):
    with pytest.raises(InputError) as error:
        LoopConfig(**changes)
    assert "\n" not in str(error.value)


def test_evaluation_from_scratch_is_a_function_of_its_seed():
    simulator = helpers.Counting()
    validation, test = helpers.data()
    psi = Psi.from_factors(simulator.factors)
    a, b, c = (evaluate_from_scratch(small(), simulator, psi, Evaluation(8, seed, validation, test, steps=10))
               for seed in (1, 1, 2))
    assert a == b and a["loss"] != c["loss"]
    assert set(a) >= {"loss", "metric", "per_class", "val_loss", "val_metric"} and a["images"] == 8 and a["steps"] == 10
    fractions = []
    both = evaluate_from_scratch(
        small(), simulator, psi, Evaluation(8, 1, validation, test, networks=2, steps=10),
        watch=Watch(lambda event: fractions.append(event.fraction) if isinstance(event, Trained) else None))
    assert both["losses"][0] == a["loss"] != both["losses"][1]
    assert both["loss"] == pytest.approx(sum(both["losses"]) / 2)
    assert both["decided_metrics"][0] == a["decided_metric"] != a["metric"]
    assert both["decided_metric"] == pytest.approx(sum(both["decided_metrics"]) / 2)
    assert fractions == sorted(fractions) and fractions[-1] == 1


def test_film_is_learned_without_light_layers():
    """A simulator that cannot split light, whose film is learnable: pathwise for the film, score for the rest."""
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
    run = Run(small(control=False, iterations=4), simulator=simulator)
    run.run()
    start = run.state.start
    moved = run.state.psi.phi != start.phi
    assert bool(moved.any()) and all(bool(moved[start.slices[key]].any()) for key in
                                     ("film:exposure", "film:white_balance", "film:noise", "film:blur", "key_energy"))


def test_influence_maps_fit_their_images(uninterrupted):
    state = uninterrupted[0].state
    shown = influence(state, 3)
    assert shown.images.shape == (3, 24, 32, 3) and shown.maps.shape == shown.labels.shape == (3, 24, 32)
    assert np.isfinite(shown.maps).all() and np.abs(shown.maps).max() > 0
    assert shown.keys == state.store.keys[-3:]


def test_the_hypergradient_is_the_mean_over_an_ensemble_that_sees_the_same_renders(uninterrupted):
    assert small().ensemble == 3 and small(method="none").ensemble == small(method="published").ensemble == 1
    whole = uninterrupted[0]
    alone = Run(small(ensemble_size=1))
    alone.run()
    assert len(alone.state.ensemble) == 1 and not torch.equal(alone.state.psi.phi, whole.state.psi.phi)
    weights = [next(iter(learner.network.parameters())) for learner in whole.state.ensemble]
    assert len(weights) == 3 and not any(torch.equal(weights[0], other) for other in weights[1:])


def test_no_network_at_all_is_refused():
    with pytest.raises(InputError, match="--ensemble-size must be a whole number from 1"):
        small(ensemble_size=0)
