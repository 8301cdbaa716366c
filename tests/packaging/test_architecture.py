"""The house: which way imports point, and how large a file or a function may grow. Read from the source, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from autosimulate_addon.run.record.directory import RunDirectory

PACKAGE = "autosimulate_addon"
#: What each floor may import, beside itself.
FLOORS = {"protocol": set(), "core": {"protocol"}, "blender": {"protocol"}, "run": {"core", "blender", "protocol"},
          "ui": {"run", "blender", "protocol"}}
#: Floors whose folders, too, are a floor each: no two of them import each other.
FOLDERS = ("core", "blender", "run", "ui")
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 400, 60, 8
LONGEST_LOOP = 150


@cache
def trees(root: Path) -> dict[str, tuple[Path, ast.Module]]:
    """Every module of the package by its dotted name."""
    return {name_of(path, root): (path, ast.parse(path.read_text(encoding="utf-8")))
            for path in sorted((root / PACKAGE).rglob("*.py"))}


def name_of(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports(root: Path) -> dict[str, set[str]]:
    """By module, the modules that it imports, at its top or inside a function; those for type checkers left out."""
    known = trees(root)
    graph: dict[str, set[str]] = {}
    for name, (path, tree) in known.items():
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        graph[name] = {target for node in at_run_time(tree) if isinstance(node, ast.ImportFrom) and node.level
                       for target in targets(node, package, known)} - {name}
    return graph


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_run_time(child)


def targets(node: ast.ImportFrom, package: str, known: dict) -> Iterator[str]:
    parts = package.split(".")
    base = ".".join(parts[:len(parts) - node.level + 1] + ([node.module] if node.module else []))
    for alias in node.names:
        yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The names of one circle, or nothing."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name):], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            if found := walk(target, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in graph if (found := walk(name, []))), [])


def test_no_module_imports_itself_by_way_of_others(repo_root):
    assert not circle(imports(repo_root))


def test_imports_point_down(repo_root):
    for name, found in imports(repo_root).items():
        parts = name.split(".")
        if len(parts) > 1 and parts[1] in FLOORS:
            for target in found:
                floor = [*target.split("."), ""][1]
                assert floor in {"", parts[1], *FLOORS[parts[1]]}, f"{name} imports {target}"


@pytest.mark.parametrize("floor", FOLDERS)
def test_no_two_folders_import_each_other(repo_root, floor):
    """A file that lies in no folder of the floor counts as one of its own."""
    def folder(name: str) -> str:
        return ".".join(name.split(".")[:3])

    graph: dict[str, set[str]] = {}
    for name, found in imports(repo_root).items():
        if name.startswith(f"{PACKAGE}.{floor}."):
            graph.setdefault(folder(name), set()).update(
                folder(target) for target in found
                if target.startswith(f"{PACKAGE}.{floor}.") and folder(target) != folder(name))
    assert not circle(graph)


def test_files_and_functions_are_short(repo_root):
    long = []
    for folder in (PACKAGE, "headless", "tests"):
        for path in sorted((repo_root / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            where = path.relative_to(repo_root)
            if len(text.splitlines()) > LONGEST_FILE:
                long.append(f"{where}: {len(text.splitlines())} lines")
            for node in ast.walk(ast.parse(text)):
                # Blender calls draw_item with nine arguments.
                if isinstance(node, ast.FunctionDef) and node.name != "draw_item":
                    lines = node.end_lineno - node.lineno + 1
                    arguments = node.args
                    count = len([*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])
                    if lines > LONGEST_FUNCTION or count > MOST_PARAMETERS + ("self" in ast.unparse(arguments)):
                        long.append(f"{where}:{node.lineno}: {node.name} has {lines} lines, {count} parameters")
    assert not long, "\n".join(long)


def test_the_loop_can_be_read_on_two_screens(repo_root):
    assert len((repo_root / PACKAGE / "core" / "loop.py").read_text().splitlines()) <= LONGEST_LOOP


def test_the_files_of_a_run_and_its_events_are_named_once(repo_root):
    """A name that is written a second time is one that will not be changed with the first."""
    directory = f"{PACKAGE}.run.record.directory"
    files = {path.name for path in vars(RunDirectory("run")).values() if path.suffix}
    assert {"events.jsonl", "psi.json", "window.log"} <= files
    again = [f"{path.relative_to(repo_root)}:{node.lineno}: {node.value}"
             for name, (path, tree) in trees(repo_root).items() if name != directory
             for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in files]
    events = [f"{path.relative_to(repo_root)}:{node.lineno}: {ast.unparse(node)}"
              for name, (path, tree) in trees(repo_root).items() if name != f"{PACKAGE}.protocol.events"
              for node in ast.walk(tree) if isinstance(node, (ast.Subscript, ast.Call, ast.Dict))
              and ast.unparse(node).partition(":")[0].endswith(("['event']", ".get('event')", "{'event'"))]
    assert not again + events, "\n".join(again + events)
