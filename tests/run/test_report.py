"""The report of whole, partial and broken runs."""

from __future__ import annotations

import base64
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.words import duration, number
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.report.densities import on_log_axis, plotting_range
from autosimulate_addon.run.report.distributions import sure_dots
from autosimulate_addon.run.report.record import Distribution, read_run
from autosimulate_addon.run.report.style import shorten
from autosimulate_addon.run.report.verdict import judge
from autosimulate_addon.run.report.write import write_report

HOSTILE = "<script>alert(1)</script> $\\frac{$ \x07\n\"&'"


def iteration(number: int, **changes) -> dict:
    return {"event": "iteration", "time": 100.0 + number, "iteration": number, "images": 24 * number, "psi": {},
            "val_loss": 1.0 / number, "val_metric": 0.4, "control_val_loss": 1.5 / number, "control_val_metric": 0.3,
            "status": "converged", "seconds": {"render": 2.0, "train": 1.0}, **changes}


def numbers(learned=(0.5, 0.17), start=(0.45, 0.2)) -> dict:
    return {"split": "test", "images": 96, "rows": {
        name: {"metric": metric, "loss": loss, "decided_metric": metric + 0.07, "per_class": {"cube": metric + 0.1}}
        for name, (metric, loss) in (("start", start), ("learned", learned))}}


FACTORS = [
    {"key": "energy", "family": "lognormal", "unit": "W", "items": [], "low": [0.0], "high": [1000.0],
     "start": {"mean": [300.0], "std": [200.0]}, "final": {"mean": [130.0], "std": [40.0]}},
    {"key": "place", "family": "bounded", "unit": "m", "items": [], "low": [-3.0] * 3, "high": [3.0] * 3,
     "start": {"mean": [0.0] * 3, "std": [1.732] * 3}, "latest": {"mean": [1.0] * 3, "std": [0.5] * 3},
     "targets": [{"data": "objects['Cube']", "path": "location", "index": -1}]},
    {"key": "bounces", "family": "integer", "unit": "", "items": [str(i) for i in range(5)],
     "start": {"p": [0.2] * 5}, "final": {"p": [0.1, 0.1, 0.1, 0.1, 0.6]}},
    {"key": HOSTILE, "family": "categorical", "unit": HOSTILE, "items": [HOSTILE, *map(str, range(53))],
     "start": {"p": [1 / 54] * 54}, "final": {"p": [0.47] + [0.01] * 53}},
]


def make_run(folder: Path, events=None, psi=FACTORS, extra: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    if events is None:
        events = [{"event": "start", "time": 100.0, "method": "autosimulate", "seed": 3, "width": 64, "height": 48},
                  *[iteration(i) for i in range(1, 5)],
                  {"event": "done", "time": 110.0, "numbers": numbers()}]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events) + extra)
    if psi is not None:
        (folder / "psi.json").write_text(json.dumps(
            {"format": "autosimulate-psi", "version": 1, "iteration": 4, "seed": 3, "factors": psi}))
    return folder


class Page(HTMLParser):
    """Tags that must balance, the visible text, and where images come from."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.images: list[str] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "img":
            self.images.append(dict(attributes)["src"])
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def report(folder: Path) -> Page:
    write_report(folder)
    with Image.open(folder / "report.png") as picture:
        assert picture.width > 1000
        assert np.asarray(picture.convert("L")).std() > 5
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_a_whole_run(tmp_path):
    run = make_run(tmp_path / "run")
    (run / "sheets").mkdir()
    for name in ("start", "end", "influence"):
        Image.fromarray(np.full((60, 90, 3), 99, np.uint8)).save(run / "sheets" / f"{name}.png")
    (run / "config.json").write_text(json.dumps({"seed": 3, "scene": HOSTILE, "control": True}))
    page = report(run)
    assert "The run beat its null control." in page.text
    assert page.text.index("A gain: on test photographs") < page.text.index("The run beat")
    for expected in ("50.0 %", "45.0 %", "+5.0 points", "60.0 %", "57.0 %", "mIoU, decided", "300 ± 200", "130 ± 40 W",
                     "place Z", "seed 3", "96 images", "render 8 s (67%)", "converged: 4"):
        assert expected in page.text, expected
    assert len(page.images) == 5


def test_the_page_needs_nothing_but_itself(tmp_path):
    page = report(make_run(tmp_path / "run"))
    assert page.images and all(source.startswith("data:image/") for source in page.images)
    for source in page.images:
        assert len(base64.b64decode(source.partition("base64,")[2], validate=True)) > 1000
    text = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""@import|url\(""", text) and not page.tags & {"script", "link", "iframe", "a", "object"}


def test_names_from_a_scene_are_text(tmp_path):
    events = [{"event": "start", "time": 1.0, "method": HOSTILE, "seed": HOSTILE}, iteration(1, status=HOSTILE),
              {"event": "problem", "message": HOSTILE},
              {"event": "done", "numbers": {"split": HOSTILE, "images": 5, "rows": {
                  HOSTILE: {"metric": 0.5, "loss": 0.1, "per_class": {HOSTILE: 0.4}}}}}]
    page = report(make_run(tmp_path / "run", events))
    assert "script" not in page.tags and "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("events", [
    [{"event": "start", "time": 1.0, "seed": 0}], [{"event": "start"}, iteration(1)],
    [{"event": "start"}, iteration(1, val_loss=None, val_metric=None, control_val_loss=None, control_val_metric=None)],
    [{"event": "start"}, iteration(1, images=None), iteration(2, seconds=7, status=None)],
    [{"event": "start"}, iteration(1, control_val_loss=None, control_val_metric=None), {"event": "cancelled"}],
    [{"event": "start"}, iteration(1), {"event": "error", "message": "the disk is full"}],
    [{"event": "start"}, {"event": "done", "numbers": []}], [{"event": "iteration", "iteration": "x"}]])
def test_partial_runs(tmp_path, events):
    report(make_run(tmp_path / "run", events, psi=None, extra='{"event": "iter'))


NONSENSE = [
    {}, {"key": 5}, {"key": "a"}, {"key": "a", "family": "normal", "start": {"mean": [None], "std": [1]}},
    {"key": "a", "family": "normal", "start": {"mean": [math.nan], "std": [1]}},
    {"key": "a", "family": "normal", "start": {"mean": [1.0], "std": [0.0]}},
    {"key": "a", "family": "lognormal", "start": {"mean": [-1.0], "std": [0.5]}},
    {"key": "a", "family": "bounded", "low": [0], "high": [1], "start": {"mean": [0.5], "std": [5.0]}},
    {"key": "a", "family": "bounded", "start": {"mean": [0.5], "std": [0.1]}},
    {"key": "a", "family": "normal", "start": {"mean": [1e300], "std": [1e-300]}},
    {"key": "a", "family": "categorical", "items": ["x"], "start": {"p": [0.5, 0.5]}},
    {"key": "a", "family": "bernoulli", "items": ["off", "on"], "start": {"p": [0.0, 1.0]}, "final": "x"}, "x", None]


def test_distributions_that_make_no_sense_do_not_cost_the_report(tmp_path):
    page = report(make_run(tmp_path / "run", psi=[*NONSENSE, FACTORS[0]]))
    assert "130 ± 40 W" in page.text


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(InputError, match="no run to report"):
        write_report(tmp_path)


def test_locked_distributions_stand_in_the_table_only(tmp_path):
    found = record(make_run(tmp_path / "run", psi=[FACTORS[0], {**FACTORS[0], "key": "held", "locked": True}]))
    assert [d.key for d in found.free] == ["energy"] and len(found.distributions) == 2
    assert "held (locked)" in report(tmp_path / "run").text


def test_many_distributions_fit_the_page_and_are_counted_in_the_picture(tmp_path):
    page = report(make_run(tmp_path / "run", psi=[{**FACTORS[0], "key": f"energy {i}"} for i in range(44)]))
    assert "energy 43" in page.text


# ---- what is read

def record(folder: Path):
    return read_run(RunDirectory(folder))


def test_a_resumed_run_is_told_once(tmp_path):
    events = [{"event": "start", "time": 100.0}, iteration(1), iteration(2, val_loss=9.0),
              {"event": "start", "time": 5000.0}, iteration(2, val_loss=0.5, time=5002.0), iteration(3, time=5003.0)]
    found = record(make_run(tmp_path / "run", events))
    assert [i.iteration for i in found.iterations] == [1, 2, 3]
    assert found.iterations[1].val_loss == 0.5
    assert found.seconds == pytest.approx(2 + 3)        # not the hour and more in which nothing ran


def test_numbers_json_goes_before_the_last_event(tmp_path):
    run = make_run(tmp_path / "run")
    (run / "numbers.json").write_text(json.dumps(numbers(learned=(0.9, 0.1))))
    assert record(run).row("learned").metric == 0.9


# ---- the verdict

@pytest.mark.parametrize(("learned", "start", "outcome", "words"), [
    ((0.50, 0.17), (0.45, 0.20), "better", "beat its null control"),
    ((0.40, 0.25), (0.45, 0.20), "worse", "did not beat"),
    ((0.50, 0.21), (0.45, 0.20), "mixed", "level"),
    ((0.45, 0.20), (0.45, 0.20), "mixed", "level"),
    ((0.50, None), (0.45, None), "better", "beat its null control")])
def test_the_verdict_by_judges(tmp_path, learned, start, outcome, words):
    events = [{"event": "start"}, {"event": "done", "numbers": numbers(learned, start)}]
    verdict = judge(record(make_run(tmp_path / "run", events)))
    assert verdict.outcome == outcome and words in verdict.headline
    assert ("Repeats" in verdict.detail) == (abs(learned[0] - start[0]) < 0.01)


def test_one_network_of_each_that_differs_by_as_little_as_repeats_do_is_no_win(tmp_path):
    done = {"event": "done", "numbers": numbers((0.004, 7.90), (0.001, 7.94))}
    verdict = judge(record(make_run(tmp_path / "run", [{"event": "start"}, done])))
    assert verdict.outcome == "mixed" and "may be chance" in verdict.detail


@pytest.mark.parametrize(("learned", "start", "outcome", "words"), [
    # 10 points with all pairs of networks agreeing; the same 10 points, where one pair says otherwise
    (((0.55, 0.54, 0.56), (0.2, 0.2, 0.2)), ((0.45, 0.45, 0.45), (0.2, 0.2, 0.2)), "better", "+10.0 ± 0.6 points"),
    (((0.85, 0.45, 0.35), (0.2, 0.2, 0.2)), ((0.45, 0.45, 0.45), (0.2, 0.2, 0.2)), "mixed", "may be chance"),
    (((0.4, 0.5, 0.6), (0.31, 0.2, 0.1)), ((0.3, 0.4, 0.5), (0.28, 0.22, 0.1)), "better", "+10.0 ± 0.0 points"),
    (((0.4, 0.5, 0.6), (0.3, 0.4, 0.5)), ((0.3, 0.4, 0.5), (0.2, 0.3, 0.4)), "mixed", "One of the two")])
def test_a_difference_within_the_spread_of_the_networks_is_not_a_win(tmp_path, learned, start, outcome, words):
    rows = {name: {"metric": sum(metrics) / 3, "loss": sum(losses) / 3, "metrics": metrics, "losses": losses}
            for name, (metrics, losses) in (("start", start), ("learned", learned))}
    done = {"event": "done", "numbers": {"split": "test", "images": 96, "rows": rows}}
    verdict = judge(record(make_run(tmp_path / "run", [{"event": "start"}, done])))
    assert verdict.outcome == outcome and words in verdict.detail
    assert "3 for each row" in verdict.detail


def test_the_verdict_of_a_running_network_is_not_the_final_word(tmp_path):
    verdict = judge(record(make_run(tmp_path / "run", [{"event": "start"}, iteration(1), iteration(2)])))
    assert verdict.outcome == "better" and "beat" not in verdict.headline
    assert "48 renders" in verdict.detail and "not the final word" in verdict.detail


def test_without_a_null_control_nothing_is_claimed(tmp_path):
    alone = iteration(1, control_val_loss=None, control_val_metric=None)
    verdict = judge(record(make_run(tmp_path / "run", [{"event": "start"}, alone])))
    assert verdict.outcome == "unknown" and "no null control" in verdict.headline


# ---- axes of densities

def test_the_range_shows_both_and_stays_inside_the_limits():
    assert plotting_range("normal", ((0, 1), (5, 0.1)), -2.0, math.inf) == (-2.0, pytest.approx(5.3))
    assert plotting_range("bounded", ((0, 1), (1, 0.1)), -3.0, 3.0) == (-3.0, 3.0)
    low, high = plotting_range("lognormal", ((1, 2), (1, 1)), -math.inf, math.inf)
    assert 0 < low < 0.05 and high > 10
    assert on_log_axis("lognormal", ((1, 2), (1, 0.1))) and not on_log_axis("lognormal", ((1, 0.2), (1, 0.1)))
    assert not on_log_axis("normal", ((1, 2), (1, 2)))


# ---- words

@pytest.mark.parametrize(("value", "unit", "text"), [
    (0.0, "W", "0 W"), (300.0, "W", "300 W"), (1234.5, "", "1234"), (0.04567, "m", "0.0457 m"), (-1.5, "", "−1.5"),
    (2.5e7, "", "2.50e+07"), (math.nan, "W", "–"), (1.0, "", "1")])
def test_quantities(value, unit, text):
    assert number(value, unit) == text


def test_durations():
    assert [duration(seconds) for seconds in (5.4, 65, 599.7, 1200, 3599, 7260, math.nan)] == [
        "5 s", "1 min 5 s", "10 min", "20 min", "1 h", "2 h 1 min", "–"]


def test_long_names_keep_both_ends_and_one_line():
    assert shorten("a" * 50 + "END", 12).endswith("END") and len(shorten("a" * 50, 12)) == 12
    assert "\n" not in shorten("a\nb\x07c", 20)


def test_a_distribution_knows_whether_it_has_a_density():
    assert Distribution("a", "a", "normal", "", (0.0, 1.0), (0.0, 1.0)).continuous
    assert not Distribution("a", "a", "bernoulli", "", (0.5, 0.5), (0.5, 0.5)).continuous


# ---- how sure

def sure_run(folder, **more):
    asked = {"effective": 24.0, "agreement": {
        "intervals": {"energy.mean": [-0.4, -0.2], "energy.std": [-0.2, 0.1], "place.mean[1]": [0.1, 0.3]},
        "renders": 0.71, "photographs": 0.42}}
    events = [{"event": "start"}, iteration(1), iteration(2, details=asked), {"event": "done", **more}]
    return make_run(folder, events)


def test_a_report_says_how_sure_it_is_of_each_coordinate(tmp_path):
    found = record(sure_run(tmp_path / "run"))
    assert found.sure == {"energy.mean": True, "energy.std": False, "place.mean[1]": True}
    assert found.distributions[0].coordinates == ("energy.mean", "energy.std")
    assert [sure_dots(each, found.sure) for each in found.distributions[:3]] == ["●○", "", "●"]
    page = report(tmp_path / "run")
    for expected in ("How sure", "2 of 3 coordinates", "halves of the photographs 0.42", "-0.400 to -0.200",
                     "place.mean[1]"):
        assert expected in page.text, expected
    assert len(page.images) == 3                # curves, intervals, distributions


def test_rows_with_photographs_have_names_of_their_own_and_their_spread(tmp_path):
    rows = {name: {"metric": 0.4, "loss": 0.2, "metrics": [0.38, 0.4, 0.42], "losses": [0.2, 0.2, 0.2]}
            for name in ("start", "learned", "synthetic only", "real only")}
    page = report(sure_run(tmp_path / "run", numbers={"split": "test", "split_images": 70, "rows": rows}))
    for expected in ("both (learned)", "both (start)", "synthetic only (learned)", "real only", "40.0 ± 2.0 %",
                     "Level: on 70 test images", "higher in 0 of 3 pairs"):
        assert expected in page.text, expected
