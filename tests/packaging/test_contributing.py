"""CONTRIBUTING.md names files and tables that exist."""

from __future__ import annotations

import ast
import re

import pytest


@pytest.fixture(scope="module")
def text(repo_root):
    return (repo_root / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_path_exists(repo_root, text):
    paths = set(re.findall(r"`((?:autosimulate_addon|headless|tests|docs)/[\w./]*|\w+\.md)`", text))
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (repo_root / path).exists()] == []


def test_every_table_is_in_the_file_that_is_named(repo_root, text):
    rows = re.findall(r"`(\w+)` in `([\w/.]+\.py)`", text)
    assert len(rows) >= 7
    for table, path in rows:
        tree = ast.parse((repo_root / path).read_text(encoding="utf-8"))
        names = {target.id for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))
                 for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                 if isinstance(target, ast.Name)}
        assert table in names, f"{path} has no table {table}"


def test_it_is_one_page(text):
    assert text.count("\n") <= 80
