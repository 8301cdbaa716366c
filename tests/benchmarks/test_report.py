"""What people read holds what the CSVs say: RESULTS.md, README's numbers, the figures."""

from __future__ import annotations

import csv
import importlib
import re
import subprocess

import pytest

NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d*\.\d+|\d+)(?![\w]|\.\d)")


@pytest.fixture(scope="module")
def results(repo_root):
    return repo_root / "headless" / "benchmarks" / "results"


@pytest.fixture(scope="module")
def report(benchmark, results):
    return importlib.import_module("benchmarks.report").text(results)


@pytest.fixture(scope="module")
def numbers(repo_root):
    """README's section "The numbers"."""
    return (repo_root / "README.md").read_text(encoding="utf-8").split("## The numbers\n")[1].split("\n## ")[0]


def test_results_are_what_the_report_makes_of_the_rows(report, results):
    assert (results / "RESULTS.md").read_text(encoding="utf-8") == report
    assert report.count("\n") <= 150


def test_every_row_of_readme_is_the_medians_of_the_rows(benchmark, numbers, results):
    standin = importlib.import_module("benchmarks.report_standin")
    short = importlib.import_module("benchmarks.comparison").short
    median = importlib.import_module("statistics").median
    arms = [{name: scores for name, _, scores in standin.lines(results, start)} for start in ("wide", "narrow")]
    table = numbers.split("\n| 480 renders")[1]
    found = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")][1:]
    assert len(found) == 8
    for name, *cells in found:
        said = [" / ".join(short(median(values.values())) for values in (each[name].loss, each[name].miou))
                for each in arms]
        assert cells == said, name


def test_every_number_of_readme_is_in_results(numbers, report):
    known = set(NUMBER.findall(report))
    prose = re.sub(r"\]\([^)]*\)", "", numbers)
    assert len(NUMBER.findall(prose)) > 40
    assert [number for number in NUMBER.findall(prose) if number not in known] == []


def test_a_table_is_of_one_version_and_says_where_its_rows_come_from(results):
    for path in sorted(results.glob("*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        assert found, path.name
        for row in found:
            assert row["commit"] and re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"]) and row["machine"], (path.name, row)
            assert "seed" in row or "seeds" in row or "repeat" in row, path.name
        commits = {row["commit"] for row in found}
        recorded = {commit for commit in commits if not commit.startswith("not recorded")}
        assert len(recorded) <= 1 and (not recorded or commits == recorded), path.name


def test_every_figure_is_shown(repo_root, results, report):
    """No picture lies about that nobody is shown, and none is shown that is not there."""
    text = report + "".join(path.read_text(encoding="utf-8") for path in
                            (repo_root / "README.md", *(repo_root / "docs").rglob("*.md")))
    pictures = {path.name for path in results.iterdir() if path.suffix in (".png", ".jpg")}
    assert pictures == {name for name in pictures if name in text}
    assert set(re.findall(r"\]\(([\w]+\.png)\)", report)) <= pictures


def test_every_decision_is_one_page_of_the_same_form(repo_root):
    folder = repo_root / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(folder.glob("0*.md"))
    assert re.findall(r"\]\((.*?\.md)\)", index) == [page.name for page in pages] != []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall("^## (.*)$", text, re.MULTILINE) == ["Question", "Rows", "Choice", "Not kept"], page.name
        assert text.count("\n") <= 60, page.name


def test_the_report_command_writes_text_and_figures(run, results, tmp_path):
    for path in results.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert run("report", "--results", tmp_path) == 0
    assert (tmp_path / "RESULTS.md").read_bytes() == (results / "RESULTS.md").read_bytes()
    assert {path.stem for path in tmp_path.glob("*.png")} == {"standin", "demo", "clevr", "gradient", "places",
                                                              "places_course"}


def test_a_changed_checkout_is_marked(benchmark, monkeypatch):
    provenance = importlib.import_module("benchmarks.provenance")
    answers = {"rev-parse": "abc1234", "status": ""}

    def run(command, **_):
        return subprocess.CompletedProcess(command, 0, answers[command[3]], "")

    monkeypatch.setattr(provenance.subprocess, "run", run)
    assert provenance.commit.__wrapped__() == "abc1234"
    answers["status"] = " M autosimulate_addon/core/loop.py"
    assert provenance.commit.__wrapped__() == "abc1234+"
