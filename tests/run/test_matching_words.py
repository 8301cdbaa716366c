"""What matching says of a whole run, from the events of its rounds."""

from autosimulate_addon.protocol.events import MATCHED, Iteration
from autosimulate_addon.protocol.numbers import Move
from autosimulate_addon.run.report import matching


def round_of(number, moved, before, after, ended="nothing_heard"):
    return Iteration(iteration=number, images=24 * (number + 1), status=MATCHED, details={
        "moved": moved, "before": {"features": before, "labels": before / 2},
        "after": {"features": after, "labels": after / 2}, "renders": 24 * (number + 1), "ended": ended,
        "classes": {"can": [before, after], "cat": [0.1, 0.2]}, "scales": {"colour": [before, after]},
        "far": False, "stops": 0.1, "lit": False})


ROUNDS = [round_of(0, [["Distance.mean", 1.7, 1.2, -9.0], ["Power.mean", 5.0, 6.0, 2.5]], 0.6, 0.5, "out_of_reach"),
          round_of(1, [["Distance.mean", 1.2, 1.0, -3.0]], 0.5, 0.4),
          Iteration(iteration=2, images=72, status="exact", details={"effective": 12.0})]


def test_rounds_are_told_from_the_first_start_to_the_last_end():
    told = matching.summary(ROUNDS)
    assert told.moved == [Move("Distance.mean", 1.7, 1.0, -9.0), Move("Power.mean", 5.0, 6.0, 2.5)]
    assert (told.rounds, told.renders, told.ended) == (2, 48, "nothing_heard")
    assert told.before["features"] == 0.6 and told.after["features"] == 0.4
    assert told.classes == {"can": [0.6, 0.4], "cat": [0.1, 0.2]}
    assert "features 0.60 -> 0.40" in matching.nearer(told) and "2 coordinates" in matching.nearer(told)
    assert matching.left(told).startswith("What is left, largest first: labels of can 0.40, labels of cat 0.20")


def test_a_run_without_matching_has_nothing_to_tell():
    assert matching.summary(ROUNDS[2:]) is None


def test_a_round_is_one_line():
    line = matching.sentence(ROUNDS[0].details)
    assert "Distance.mean 1.7 -> 1.2" in line and "24 renders" in line and "\n" not in line
    assert "nothing moved" in matching.sentence(round_of(0, [], 0.1, 0.1).details)


def test_a_quiet_round_says_how_many_renders_it_would_take():
    quiet = round_of(0, [], 0.1, 0.1).details
    heard = {"coordinate": "Haze.mean", "z": -1.27, "renders": 96.4, "needed": 240}
    assert "Haze.mean at 1.3 standard errors: at" in matching.sentence({**quiet, "unheard": heard})
    asked = {**quiet, "unheard": {**heard, "asked": 2.94}}
    assert "Haze.mean at 1.3 standard errors of the 2.9 that are asked: at" in matching.sentence(asked)
    assert "about 240 independent renders (these are worth 96)" in matching.sentence({**quiet, "unheard": heard})
    assert "(these are worth 96) and 2.5 times as many photographs." in matching.sentence(
        {**quiet, "unheard": {**heard, "photographs": 2.49}})
    assert "Haze" not in matching.sentence({**quiet, "unheard": heard, "ended": "out_of_reach"})
    round_ = Iteration(0, 24, status=MATCHED, details={**quiet, "unheard": heard})
    assert matching.summary([round_]).unheard.needed == 240


def test_what_lights_cannot_reach_is_said():
    dark = {"far": True, "stops": -3.0, "lit": True, "left": -2.0}
    assert "stay 2.0 stops too bright" in matching.brightness(dark)
    assert "were matched" in matching.brightness({**dark, "left": -0.1})
    assert "changes it" in matching.brightness({**dark, "lit": False})


def test_what_is_far_smaller_in_renders_is_said():
    told = matching.sizes({"cube": [0.013, 0.09], "ball": [0.02, 0.03], "can": [0.01, 0.08]})
    assert told.startswith("can takes up 1.0 % and 8.0 % of the renders and of the photographs that show it, "
                           "cube 1.3 % and 9.0 %: move the camera nearer")
    assert "move the camera away" in matching.sizes({"cube": [0.09, 0.013]})
    assert matching.sizes({"cube": [0.0, 0.02]}) == "No render shows cube, photographs do: let the camera see it."
    assert matching.sizes({"cube": [0.02, 0.0], "ball": [0.02, 0.03]}) == ""
    quiet = round_of(0, [], 0.1, 0.1).details | {"areas": {"cube": [0.013, 0.09]}}
    assert "nearer" in matching.sentence(quiet) and "nearer" not in matching.sentence(quiet | {"ended": "steps"})
