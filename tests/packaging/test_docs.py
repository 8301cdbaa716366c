"""The manual: it builds without a warning; its commands, sentences and pictures are the program's."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from autosimulate_addon.blender.marks import properties
from autosimulate_addon.protocol.settings import DATASET, SETTINGS
from autosimulate_addon.run.arguments import _FLAGS, _OWN, parse, settings
from autosimulate_addon.run.config import combine
from headless import release

#: Larger than this no picture of the manual is.
LARGEST_PICTURE = 60_000
#: Flags of other programs than ours that the pages name.
FOREIGN = {"--command", "--dist", "--enable", "--head", "--name", "--no-loadscope-reorder", "--online-mode", "--repo",
           "--target", "--url"}


@pytest.fixture(scope="module")
def pages(repo_root) -> dict[str, str]:
    """README and every page but the decisions, by its path."""
    found = [repo_root / "README.md", *sorted((repo_root / "docs").glob("*.md")),
             *sorted((repo_root / "docs/window").glob("*.md"))]
    return {path.relative_to(repo_root).as_posix(): path.read_text(encoding="utf-8") for path in found}


def commands(text: str) -> list[list[str]]:
    """Every command of the ``bash`` blocks, split into words."""
    lines = (line for block in re.findall(r"```bash\n(.*?)```", text, re.S) for line in block.splitlines())
    parts = (part for line in lines for part in re.split(r"&&", line))
    return [words for part in parts if (words := shlex.split(part, comments=True))]


def understood(words: list[str], root: Path) -> bool:
    """Whether it is a command of this checkout and has the flags that it is given. Raises what the command would."""
    python = words[0] in ("python", ".venv/bin/python", "blender")
    if python and "headless/run.py" in words:
        given = words[words.index("headless/run.py") + 1:]
        options = parse(given[1:] if given[:1] == ["--"] else given)
        if options.command not in _OWN:         # whose flags are no settings
            combine(settings(options))
        return True
    if python and words[1] == "headless/release.py":
        release.parser().parse_args(words[2:])
        return True
    if python and words[1:3] in (["-m", "pytest"], ["headless/benchmark.py"]):
        return True
    if words[0] == "bash":
        return (root / words[1]).is_file() and all(
            re.search(rf"^  {word}\)|{word}", (root / words[1]).read_text()) for word in words[2:] if word.isalpha())
    return words[:3] == ["blender", "--command", "extension"] and words[3] in (
        "build", "validate", "server-generate", "repo-add", "sync", "install", "install-file", "update")


def test_every_command_is_understood(repo_root, pages):
    found = [(page, words) for page, text in pages.items() for words in commands(text)]
    assert len(found) > 25
    for page, words in found:
        assert understood(words, repo_root), f"{page}: {' '.join(words)}"


def test_every_flag_that_is_named_exists(pages):
    ours = {row.flag for row in (*SETTINGS, *DATASET)} | {flag for _, flag, _ in _FLAGS}
    ours |= {flag for own in _OWN.values() for flag in own}
    ours |= {f"--no-{row.flag[2:]}" for row in SETTINGS if row.kind is bool} | {"--help"} | FOREIGN
    ours |= {flag for action in release.parser()._actions for flag in action.option_strings}
    named = {(page, flag) for page, text in pages.items() for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)}
    assert sorted((page, flag) for page, flag in named if flag not in ours) == []


def test_the_first_commands_of_the_tutorial_do_what_they_say(repo_root, pages, tmp_path):
    """Those that build and describe; the others are those that other tests run, on smaller images."""
    (tmp_path / "headless").symlink_to(repo_root / "headless")
    first = [words[2:] for words in commands(pages["docs/tutorial.md"]) if words[2:3] in (["build"], ["describe"])]
    assert len(first) == 3
    for words in first:
        done = subprocess.run([sys.executable, "headless/run.py", *words], cwd=tmp_path, capture_output=True, text=True,
                              check=True)
    assert "Key Power" in done.stderr and "sphere" in done.stderr
    assert {path.name for path in tmp_path.glob("*.blend")} == {"studio.blend", "room.blend"}
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "room.blend"))
    properties.ensure_registered()
    room = bpy.context.scene.autosimulate
    assert (room.iterations, room.images, room.width) == (8, 16, 64)


def test_the_site_builds_without_a_warning(repo_root, tmp_path):
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    release.write_manual(repo_root, tmp_path / "site", searchable=False)
    built = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*")}
    assert {"index.html", "window/results.html", "decisions/index.html", "repository/CHANGELOG.html"} <= built
    for page in (tmp_path / "site").rglob("*.html"):
        for link in re.findall(r"(?:href|src)=\"([^\"#:?]+)\"", page.read_text(encoding="utf-8")):
            assert page.name == "404.html" or (page.parent / link).exists(), f"{page.name}: {link}"
    text = (tmp_path / "site/command-line.html").read_text(encoding="utf-8")
    assert all(row.flag in text for row in SETTINGS)


def test_every_sentence_of_troubleshooting_is_one_of_the_program(repo_root, pages):
    said = re.findall(r"^### `(.*)`$", pages["docs/troubleshooting.md"], re.M)
    assert len(said) >= 20 and pages["docs/troubleshooting.md"].count("\n### ") == len(said)
    sentences = {text for path in (repo_root / "autosimulate_addon").rglob("*.py")
                 for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if (text := fixed(node))}
    assert [text for text in said if not any(text in sentence for sentence in sentences)] == []


def fixed(node: ast.AST) -> str:
    """A string as it is written, … for what is filled in; "" for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


def test_pictures_are_small_and_each_is_shown(repo_root, pages):
    shown = {name for text in pages.values() for name in re.findall(r"images/([\w-]+\.png)", text)}
    there = {path.name: path.stat().st_size for path in (repo_root / "docs/images").iterdir()}
    assert set(there) == shown
    assert all(size < LARGEST_PICTURE for size in there.values()), there


def test_every_panel_is_explained(repo_root, pages):
    """Each label of a panel is on one of the pages; so a new panel, or a new name, is missed there."""
    text = "".join(text for page, text in pages.items() if page.startswith("docs/window/"))
    panels = {node.value.value for path in (repo_root / "autosimulate_addon/ui/panels").glob("*.py")
              for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
              if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "bl_label"}
    assert len(panels) > 10
    assert [label for label in sorted(panels - {"Optimize Presets", "Rotation, Scale", "List"})
            if label not in text] == []


def test_the_library_works_with_a_simulator_of_ones_own(repo_root, pages, tmp_path):
    """The page's own lines, with two iterations for its eight and without the pretrained features."""
    code, = re.findall(r"```python\n(.*?)```", pages["docs/library.md"], re.S)
    assert len(code.splitlines()) <= 42
    short = code.replace("iterations=8", "iterations=2, encoder='filters'").replace("range(40)", "range(8)")
    assert short.count("iterations=2") == 1
    done = subprocess.run([sys.executable, "-c", short], cwd=tmp_path, capture_output=True, text=True,
                          env={"PYTHONPATH": str(repo_root), "OMP_NUM_THREADS": "1"}, check=False)
    assert done.returncode == 0, done.stderr
    first, second, psi = done.stdout.splitlines()
    assert first.startswith("0 loss") and second.startswith("1 loss") and "'brightness'" in psi
