"""What a run says of how sure its hypergradient is."""

import math

import numpy as np
import pytest

from autosimulate_addon.protocol.events import MATCHED, Iteration
from autosimulate_addon.protocol.numbers import Agreement, Coordinate
from autosimulate_addon.run.report import agreement
from autosimulate_addon.run.report.agreement import sentence

AGREEMENT = {"renders": 0.712, "photographs": -0.1, "intervals": {"a": [0.1, 0.2], "b": [-0.3, 0.1]}}


def test_a_line_says_what_halves_agree_on_and_what_it_would_take():
    assert sentence({"effective": 24.0}) == ""
    alone = sentence({"agreement": {"intervals": AGREEMENT["intervals"], "networks": 0.04}, "effective": 24.0})
    assert alone == "Hypergradient: networks agree to 0.04; 1 of 2 intervals leave out 0."
    heard = sentence({"agreement": AGREEMENT, "effective": 24.0, "heard": 1, "renders_needed": 700})
    assert "to 0.71" in heard and "to -0.10" in heard and "1 of 2 intervals" in heard and "700" not in heard
    quiet = sentence({"agreement": AGREEMENT, "effective": 24.2, "heard": 0, "renders_needed": 700})
    assert "24 renders, which move nothing" in quiet and "with 700." in quiet
    assert "but all together" in sentence({"agreement": AGREEMENT, "effective": 24.2, "heard": 0, "stays": False})


def iteration(number, images, intervals, effective, **more):
    return Iteration(number, images, details={"agreement": {"intervals": intervals, **more}, "effective": effective})


def test_the_interval_of_a_run_holds_the_truth_19_times_in_20_although_its_iterations_share_renders():
    """Each of ten iterations looks at the last 80 of all renders so far, of which 20 are new."""
    random = np.random.default_rng(0)
    held, truth = 0, 0.1
    for _ in range(400):
        w = truth + random.normal(size=260)
        iterations = []
        for number in range(10):
            seen = w[20 * number:20 * number + 80]
            error = 1.96 * seen.std(ddof=1) / math.sqrt(len(seen))
            interval = [seen.mean() - error, seen.mean() + error]
            iterations.append(iteration(number, 80 + 20 * number, {"a.mean": interval}, 80.0))
        found = agreement.summary(iterations, {"a.mean": ("a", 1.0)}, {"a.mean": ("a", 2.0)}).coordinates[0]
        held += found.interval[0] < truth < found.interval[1]
    assert 0.92 <= held / 400 <= 0.995
    assert (found.start, found.end) == (1.0, 2.0)


def test_a_run_is_summed_up_with_what_matching_heard():
    start = {"a.mean": ("a", 1.0), "a.std": ("a", 0.5), "held.mean": ("held", 3.0)}
    matched = Iteration(0, 24, status=MATCHED, details={
        "moved": [["a.std", 0.5, 0.4, -5.0]], "before": {}, "after": {}, "renders": 24, "ended": "no_gain",
        "classes": {}, "scales": {}})
    asked = iteration(1, 48, {"a.mean": [0.1, 0.3], "a.std": [-0.1, 0.1]}, 24.0, renders=0.9, photographs=0.2,
                      networks=0.5)
    found = agreement.summary([matched, asked], start, {**start, "a.std": ("a", 0.4)})
    assert (found.renders, found.photographs, found.networks, found.iterations) == (0.9, 0.2, 0.5, 1)
    mean, std, held = found.coordinates
    assert mean.sure and mean.interval == pytest.approx((0.1, 0.3)) and math.isnan(mean.matched)
    assert std.sure and std.matched == -5.0 and std.end == 0.4 and not held.asked
    assert "2 of 2" in agreement.told(found)
    said = agreement.cosines(found)
    assert "photographs 0.20" in said and "mostly about itself" in said
    assert agreement.summary([Iteration(0, 24)], start, start) is None


def test_where_nothing_is_told_from_chance_it_says_level():
    nothing = Agreement(coordinates=[Coordinate("a", "a", 1.0, 2.0, 0.1, 0.2), Coordinate("b", "b", 1.0, 1.0)])
    assert agreement.told(nothing).startswith("Level: of 1 coordinates") and agreement.cosines(nothing) == ""
