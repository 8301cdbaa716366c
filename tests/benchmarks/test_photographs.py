"""The comparison on real photographs: what is paired with what, and what its table says."""

import importlib

import pytest


@pytest.fixture
def photographs(benchmark):
    return importlib.import_module("benchmarks.photographs")


def _row(arm, seed, loss, decided):
    return {"arm": arm, "seed": str(seed), "loss": str(loss), "decided": str(decided), "miou": str(decided - 0.02),
            "renders": "0" if arm in ("none", "expert") else "320"}


def test_no_seed_is_judged_with_what_it_learned_from(photographs):
    assert all(photographs.partner(seed) != seed for seed in range(1, 9))
    assert all(photographs.partner(photographs.partner(seed)) == seed for seed in range(1, 9))


def test_the_table_pairs_seeds_and_measures_against_the_gap(benchmark):
    report = importlib.import_module("benchmarks.photographs_report")
    rows = [_row("none", 1, 0.32, 0.20), _row("none", 2, 0.30, 0.22), _row("match", 1, 0.29, 0.25),
            _row("match", 2, 0.31, 0.23), _row("expert", 1, 0.28, 0.28), _row("expert", 2, 0.26, 0.29)]
    lines = {line.split("|")[1].strip(): line for line in report.summary(rows)}
    match = [cell.strip() for cell in lines["features and labels matched, looks not"].split("|")[1:-1]]
    assert match[1:3] == ["2", "320"]
    assert match[6:8] == ["-.010 (-.030 to +.010)", "1 of 2"]
    assert match[8:10] == ["+.030 (+.010 to +.050)", "2 of 2"]
    assert match[10] == "75 %, -25 %"
    assert lines["the expert's scene (ceiling)"].rstrip().endswith("| - |")


def test_a_psi_that_was_learned_has_renders_of_its_own(benchmark, tmp_path):
    pools = importlib.import_module("benchmarks.photographs_pools")
    config = importlib.import_module("autosimulate_addon.run.config")
    found = pools.Pools(tmp_path, tmp_path, config.RunConfig(width=32, height=24, samples=4))
    one, other = ({"Power": {"mean": [value], "std": [1.0]}} for value in (1.0, 2.0))
    assert len({found.name("wide", psi, seed) for psi in (None, one, other) for seed in (1, 2)}) == 6
    assert found.folder.name == "32x24x4"


def test_missing_photographs_are_named(run, tmp_path, capsys):
    assert run("photographs", "--data", tmp_path) == 2
    assert "has no folder 'models'" in capsys.readouterr().err
