"""The comparison of the 54 states: what a pool gives, what a judge is trained on, and what its table says."""

import argparse
import importlib
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.protocol import Factor, InputError, Layer, Render, SampleKey
from autosimulate_addon.run.config import RunConfig


@pytest.fixture
def places_pool(benchmark):
    return importlib.import_module("benchmarks.places_pool")


@pytest.fixture
def report(benchmark):
    return importlib.import_module("benchmarks.places_report")


@pytest.fixture
def choice():
    items = ("office desk, low", "office desk, high", "dark workshop, low")
    return Factor("Place", "categorical", items=items, start={"p": (0.4, 0.3, 0.3)})


def _render(state, number):
    return Render(SampleKey(1, state, number), {}, np.full((1, 6, 8, 3), state + number / 10, np.float16),
                  np.ones((1, 3), np.float32), np.zeros((6, 8), np.uint8), np.zeros((6, 8), np.uint16))


def test_draws_of_a_state_repeat_only_when_all_of_its_renders_were_given(places_pool, choice):
    pool = places_pool.Pool((choice,), ("background", "cat"), (Layer("rest"),),
                            tuple(tuple(_render(state, number) for number in range(2)) for state in range(3)))
    simulator, psi = places_pool.PoolSimulator(pool), Psi.from_factors([choice])
    keys = [SampleKey(7, 0, sample) for sample in range(40)]
    draws = [psi.sample(key) for key in keys]
    renders = list(simulator.render(draws, keys))
    assert [render.key for render in renders] == keys
    for state in range(3):
        own = [float(render.layers.max()) - state for render in renders if render.draw["Place"].item() == state]
        assert own == pytest.approx([(place % 2) / 10 for place in range(len(own))], abs=1e-2) and len(own) > 4


class _Scene:
    """A simulator of the choice, of noise on the film and of something that is drawn but not learned."""

    classes, layers = ("background", "cat"), (Layer("rest"),)

    def __init__(self, choice):
        self.factors = (Factor("Tilt", "normal", start={"mean": [0.0], "std": [1.0]}, locked=True), choice,
                        Factor("film:noise", "lognormal", start={"mean": [0.01], "std": [0.01]}, locked=True))
        self.rendered = []

    def render(self, draws, keys):
        for draw, key in zip(draws, keys, strict=True):
            self.rendered.append(int(draw["Place"].item()))
            yield replace(_render(self.rendered[-1], key.sample), key=key, draw=draw)


def test_a_pool_has_so_many_renders_of_each_state_and_renders_none_twice(places_pool, choice, monkeypatch, tmp_path):
    scene = _Scene(choice)
    marked = SimpleNamespace(starting_at=lambda psi: None)
    monkeypatch.setattr(places_pool, "marked_scene", SimpleNamespace(
        open_marked_scene=lambda path, marks: marked, starting_psi=lambda scene, psi: None))
    monkeypatch.setattr(places_pool, "open_simulator", lambda marked, config: nullcontext(scene))
    one, again = (places_pool.render_pool(tmp_path / "any.blend", None, tmp_path / "1", 1, 2) for _ in range(2))
    assert scene.rendered == [0, 0, 1, 1, 2, 2]
    assert [factor.key for factor in one.factors] == ["Place", "film:noise"]
    for pool in (one, again):
        assert [[set(render.draw) for render in own] for own in pool.renders] == [[{"Place", "film:noise"}] * 2] * 3
        assert [own[1].draw["Place"].item() for own in pool.renders] == [0, 1, 2]
    more = places_pool.render_pool(tmp_path / "any.blend", None, tmp_path / "1", 1, [2, 2, 4])
    assert [len(own) for own in more.renders] == [2, 2, 4] and scene.rendered[6:] == [2, 2]


def _pictures(start, standin, seed):
    """Four pictures of the stand-in as the renders of each of three states."""
    keys = [SampleKey(seed, state, number) for state in range(3) for number in range(4)]
    renders = [replace(render, layers=render.layers.sum(0, keepdims=True), reference=np.ones((1, 3), np.float32),
                       draw={"Place": np.full((1, 1), render.key.iteration)})
               for render in standin.render([start.sample(key) for key in keys], keys)]
    return tuple(tuple(renders[4 * state:4 * state + 4]) for state in range(3))


def test_a_row_is_the_mean_of_its_judges(benchmark, places_pool, report, choice):
    places, boxes = (importlib.import_module(f"benchmarks.{name}") for name in ("places", "photographs_boxes"))
    standin, (val, test) = StandIn(), validation_and_test(n_val=4, n_test=4)
    start = Psi.from_factors(standin.factors)
    comparison = places.Comparison.__new__(places.Comparison)
    comparison.options = argparse.Namespace(pools=3, judges=2, count=6, each=4)
    comparison.config, comparison.val = RunConfig(width=32, height=24), val
    comparison.pools = {seed: places_pool.Pool((choice,), standin.classes, (Layer("rest"),),
                                               _pictures(start, standin, seed)) for seed in (1, 2, 3)}
    comparison.judge = boxes.BoxJudge(standin.classes, val, test)
    comparison.judge.config = replace(comparison.judge.config, encoder="filters")
    row = comparison.row("room", 1)
    assert set(row) == set(places.COLUMNS)
    assert list(report.unpack(row["p"]).values()) == pytest.approx([4 / 7, 3 / 7, 0], abs=1e-4)
    assert row["room"] == pytest.approx(1) and row["judged_on"] == 6 and len(row["l2"].split()) == 2
    assert 0 <= row["map50"] <= 1 and row["kl"] > 0


@pytest.mark.parametrize("arm", ["autosimulate", "linear", "match", "bo", "lts"])
def test_the_product_s_loop_learns_from_a_pool(benchmark, places_pool, choice, arm):
    """Every method goes through its iterations, and gives probabilities."""
    places = importlib.import_module("benchmarks.places")
    standin, (validation, _) = StandIn(), validation_and_test(n_val=6, n_test=1)
    pool = places_pool.Pool((choice,), standin.classes, (Layer("rest"),),
                            _pictures(Psi.from_factors(standin.factors), standin, 1))
    config = LoopConfig(**{**places.HEAD, **places.ARMS[arm]}, encoder="filters", device="cpu", iterations=4, images=6,
                        seed=101, control=False)
    found = places.search(config, pool, validation)
    assert found["renders"] == 24 and len(found["log"]) == 4
    assert sum(found["p"]) == pytest.approx(1) and min(found["p"]) > 0


def test_a_judge_sees_renders_as_p_has_them_and_none_twice(places_pool):
    times = places_pool.times_of([0.5, 0.0, 0.3, 0.2], 20, 1)
    assert sum(times) == 20 and times == pytest.approx([10, 0, 6, 4], abs=1)
    assert times == places_pool.times_of([0.5, 0.0, 0.3, 0.2], 20, 1)
    own, more = ([[_render(state, number) for number in numbers] for state in range(4)]
                 for numbers in (range(8), range(8, 12)))
    found = places_pool.chosen(own, more, times, 1)
    keys = [render.key for render in found]
    assert len(set(keys)) == 20 and np.bincount([key.iteration for key in keys], minlength=4).tolist() == times
    assert sum(key.sample >= 8 for key in keys) == times[0] - 8
    assert [render.key for render in places_pool.chosen(own, more, times, 1)] == keys


def test_only_one_choice_is_compared(places_pool, choice):
    assert places_pool.choice_of([choice, replace(choice, key="Other", locked=True)]) is choice
    with pytest.raises(InputError, match="one choice"):
        places_pool.choice_of([choice, replace(choice, key="Other")])


def test_the_table_pairs_seeds_and_says_where_p_went(report):
    p = {"office desk, low": 0.7, "dark workshop, low": 0.3}
    assert report.unpack(report.pack(p)) == p
    assert report.shares(p) == pytest.approx({"office desk": 0.7, "dark workshop": 0.3, "low": 1.0})
    rows = [{"arm": arm, "seed": str(seed), "renders": "160", "map50": str(value), "coco_map": "0.1", "loss": "5",
             "room": "0.7", "search_seconds": "9", "p": report.pack(p)}
            for arm, values in (("none", (0.10, 0.12)), ("autosimulate", (0.15, 0.11)), ("bo", (0.13, 0.10)))
            for seed, value in enumerate(values)]
    lines = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
             for line in report.summary(rows)}
    assert lines["**AutoSimulate**, the hypergradient alone"][5:8] == ["+.020", "1 of 2", "-"]
    assert lines["Bayesian optimisation"][7] == "2 of 2"


def test_too_few_pools_are_refused(run, tmp_path, capsys):
    for part in ("models", "val", "test"):
        (tmp_path / part).mkdir()
    assert run("places", "--data", tmp_path, "--pools", "2", "--results", tmp_path, "--work", tmp_path) == 2
    assert "give --pools 3" in capsys.readouterr().err


def test_no_seed_is_judged_by_what_it_learned_from(benchmark):
    places = importlib.import_module("benchmarks.places")
    comparison = places.Comparison.__new__(places.Comparison)
    comparison.options = argparse.Namespace(pools=5)
    for seed in (1, 5, 7, 103):
        learned, judged = comparison.halves(seed)
        first = 101 if seed > 100 else 1
        assert len(learned) == 2 and sorted(learned + judged) == list(range(first, first + 5))
