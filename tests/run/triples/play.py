"""One triple: made from its number, run as the command line runs it, and what came of it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from autosimulate_addon.blender.marks import mark_file, mark_scene
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.protocol import InputError, settings
from autosimulate_addon.protocol.events import Problem
from autosimulate_addon.run import cli
from autosimulate_addon.run.record.events import read_events
from tests.blender import rna_dump
from tests.run.triples import annotation_damages, mark_cases, mark_damages, scene_cases, scene_traits
from tests.run.triples.data_formats import FORMATS, Pictures, Written
from tests.run.triples.deck import RESULT, Verdict, choice, refused

#: Which of the three is damaged; most of the time nothing or one.
WHERE = ((), (), (), ("scene",), ("marks",), ("marks",), ("marks",), ("data",), ("data",), ("data",),
         ("file",), ("marks", "data"))
STEMS = (("0", "1"), ("a b", "c d"), ("ünï", "e\u0301"), ("图像", "图像 (2)"), ("it's", 'q"'), ("a.b.c", "a.b"),
         ("IMG_0001", "img_0002"), ("-n", "%s"), ("#1", "100%"), ("[1]", "[2]"), ("x" * 200, "y"),
         ("new\nline", "tab\t"))
CLASSES = (("ball", "box"), ("ball", "box"), ("ball", "box"), ("ball",), ("the ball", "$x_1$ <b>"), ("Bälle", "盒"))
FOLDERS = ("plain", "er #1 100%", "ünï 图", "it's", "-dash", "new\nline", "a.blend", "{0} $x$", "<b>")
SIZES = ((16, 12), (16, 12), (20, 15), (33, 21), (12, 16), (17, 12))
METHODS = (*["autosimulate"] * 4, *(row.id for row in settings.METHODS))
OWN_IMAGES = ("images['Viewer Node']", "images['Render Result']")
DELIVERED = ("psi.json", "numbers.json", "report.html", "report.png", "optimized.blend")


@dataclass
class Triple:
    """What a run is given, what must come of it, and words that say what it is."""

    folder: Path
    argv: list[str]
    verdict: Verdict
    about: str
    opened: bool            # the scene is open in Blender when the run begins

    @property
    def given(self) -> Path:
        return self.folder / "in"


@dataclass
class Outcome:
    """What came of a triple; ``faults`` are sentences about what must not be."""

    code: int
    said: str
    rendered: int
    changed: int
    tracebacks: int = 0
    faults: list[str] = field(default_factory=list)


def make(folder: Path, seed: int, number: int) -> Triple:
    """Triple ``number`` of ``seed``, written below ``folder``."""
    def card(items: Any, name: str) -> Any:
        return choice(items, name, seed, number)

    rng = random.Random(f"{seed}/{number}")
    where, classes, method = card(WHERE, "where"), card(CLASSES, "classes"), card(METHODS, "method")
    folder = folder / card(FOLDERS, "folder")
    (folder / "in").mkdir(parents=True)
    written, data = _data(folder / "in" / "real", rng, card, classes, "data" in where)

    structure, trait, names = card(scene_cases.STRUCTURES, "structure"), card(scene_traits.TRAITS, "trait"), \
        card(scene_cases.NAMES, "names")
    scene = structure(folder / "in", (names, f"{names[:40]} box"), f"{names[:40]} lamp")
    trait(scene, rng)
    about = [structure.__name__, trait.__name__, repr(names)]
    late = None
    if "scene" in where:
        harm = card(scene_cases.BEFORE_SAVING + scene_cases.AFTER_SAVING, "harm")
        about.append(harm.__name__)
        if harm in scene_cases.BEFORE_SAVING:
            harm(scene, rng)
        else:
            late = harm

    marks = mark_cases.Marks(classes=mark_cases.classes(scene, classes, rng), ids=dict(written.ids))
    marks.verdict = _good_marks(scene, marks, rng, card, about)
    if "marks" in where:
        damage = card(mark_damages.DAMAGES, "marks")
        about.append(damage.__name__)
        marks.verdict = marks.verdict & damage(scene, marks, rng)
        if damage is mark_damages.all_locked and method != "none":
            marks.verdict = refused("locked")
    path = folder / "in" / "marks.toml"
    path.write_text(marks.text(), encoding="utf-8")
    in_scene = marks.verdict == RESULT == scene.verdict and "file" not in where and rng.random() < 0.3 \
        and _kept_in_scene(path)
    if in_scene:
        about.append("marks in the scene")
    scene.save()
    if "file" in where:
        damage = card(mark_damages.FILE_DAMAGES, "file")
        about.append(damage.__name__)
        marks.verdict = marks.verdict & damage(path, rng)
    if late:
        scene.verdict = late(scene.path, rng)
    argv = ["optimize", "--marks", str(path), "--validation", str(written.folder), "--output", str(folder / "out"),
            "--method", method, "--seed", str(number), *CHEAP, *rng.choice(((), ("--no-match",), ("--no-match",)))]
    if in_scene:
        del argv[1:3]
    opened = late is None and rng.random() < 0.4
    if not opened:
        argv += ["--scene", str(scene.path)]
    about = [method, data[1], *about]
    return Triple(folder, argv, scene.verdict & marks.verdict & data[0], ", ".join(about), opened)


CHEAP = ("--device", "cpu", "--iterations", "1", "--images", "2", "--epochs", "1", "--ensemble-size", "1",
         "--network-width", "2", "--width", "16", "--height", "12", "--samples", "1", "--no-control", "--no-compare")


def _data(folder: Path, rng: random.Random, card: Any, classes: tuple[str, ...], damaged: bool
          ) -> tuple[Written, tuple[Verdict, str]]:
    kind = card(tuple(FORMATS), "format")
    stems, size, suffix = card(STEMS, "stems"), card(SIZES, "size"), card((".png", ".jpg", ".PNG", ".JPEG"), "suffix")
    folder.mkdir()
    written = FORMATS[kind](folder, Pictures(stems, classes, size, suffix))
    verdict = RESULT
    if kind.startswith("boxes"):
        verdict = refused("boxes")
    elif kind == "binary" and len(classes) > 1:
        verdict = refused("0 and 255")
    about = f"{kind} of {size[0]} x {size[1]} {stems[0]!r}{suffix} for {classes}"
    if damaged:
        first = rng.randrange(len(annotation_damages.DAMAGES))
        for place in range(len(annotation_damages.DAMAGES)):
            damage = card(annotation_damages.DAMAGES, "damage") if place == 0 else \
                annotation_damages.DAMAGES[(first + place) % len(annotation_damages.DAMAGES)]
            found = damage(written, kind, rng)
            if found is not None:
                return written, (found & verdict, f"{about} {damage.__name__}")
    return written, (verdict, about)


def _good_marks(scene: scene_cases.Scene, marks: mark_cases.Marks, rng: random.Random, card: Any, about: list[str]
                ) -> Verdict:
    """One to three entries that draw different properties."""
    verdict, seen = RESULT, set()
    cases = [card(mark_cases.GOOD, f"mark {place}") for place in range(rng.choice((1, 2, 3)))]
    for case in dict.fromkeys(cases):
        subject = case.__name__.split("_")[0].replace("wildcard", "energy")
        if subject not in seen:
            seen.add(subject)
            entry, found = case(scene, rng)
            if found.what == "refusal" and rng.random() < 0.8:      # linked: the camera is not
                entry, found = mark_cases.lens(scene, rng)
            if entry in marks.entries or ("film" in entry and any("film" in other for other in marks.entries)):
                continue
            marks.entries.append(entry)
            about.append(case.__name__)
            verdict = verdict & found
    return verdict


def _kept_in_scene(path: Path) -> bool:
    """Writes the marks into the scene, where they can be read: else the run is to say why not."""
    try:
        marks, classes, _ = mark_file.read(path)
    except InputError:
        return False
    mark_scene.write(bpy.context.scene, marks, classes)
    return True


def files(folder: Path) -> dict[str, str]:
    """Every file below ``folder`` by the digest of its bytes."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            for path in sorted(folder.rglob("*"))}


def run(triple: Triple) -> Outcome:
    """Runs the triple in this process, and compares the scene, the files and the words with what must be."""
    scene = triple.given / "scene.blend"
    values = _values(scene)
    if not triple.opened:
        bpy.ops.wm.read_factory_settings(use_empty=True)
    kept, rendered = files(triple.given), 0
    true_render = RenderSession.render

    def counted(*arguments: Any) -> Any:
        nonlocal rendered
        rendered += 1
        return true_render(*arguments)

    heard = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    RenderSession.render = counted
    try:
        with contextlib.redirect_stderr(heard):
            code = cli.main(triple.argv)
    finally:
        RenderSession.render = true_render
    said = heard.buffer.getvalue().decode("utf-8")
    outcome = Outcome(code, said, rendered, 0)
    faults = outcome.faults
    if values is not None and bpy.data.filepath:        # else nothing was opened
        changed = rna_dump.differences(values, _dump())
        if code == 0:
            changed += _changed_in_the_result(triple.folder / "out" / "optimized.blend", values)
        outcome.changed = len(changed)
        faults += [f"a value of the scene has changed: {line}" for line in changed[:5]]
    if files(triple.given) != kept:
        faults.append("files that were given have changed")
    judge(triple, outcome)
    return outcome


def judge(triple: Triple, outcome: Outcome) -> None:
    """Adds to the faults what must not be of the exit code, the words and the files that are there."""
    log = triple.folder / "out" / "log.txt"
    texts = (outcome.said, log.read_text(encoding="utf-8") if log.exists() else "")
    outcome.tracebacks = sum("Traceback" in text or "Unexpected error" in text for text in texts)
    if outcome.tracebacks:
        outcome.faults.append("a traceback, or an unexpected error")
    (_result if outcome.code == 0 else _refusal)(triple, outcome)


def _values(scene: Path) -> dict[str, Any] | None:
    """All RNA values of the scene as it is opened; None where it cannot be."""
    try:
        bpy.ops.wm.open_mainfile(filepath=str(scene), load_ui=False, use_scripts=False)
    except RuntimeError:
        return None
    return _dump()


def _dump() -> dict[str, Any]:
    """Every RNA value but paths, which a copy in another folder has others of; images that Blender shows its own
    renders in; and whether a library's block is only there for another one: naming it anywhere makes it the file's own
    until that is loaded again."""
    for layer in bpy.context.scene.view_layers:
        layer.update()
    values = {path: value for path, value in rna_dump.dump().items() if not path.endswith(".is_library_indirect")
              and not (path.startswith(("libraries", "images", "fonts")) and path.endswith((".filepath", "path_raw")))
              and not any(name in path for name in OWN_IMAGES)}
    values["images"] = [name for name in values["images"] if f"images[{name!r}]" not in OWN_IMAGES]
    return values


def _changed_in_the_result(path: Path, values: dict[str, Any]) -> list[str]:
    """What optimized.blend has other than the scene, beside its marks, psi, and the users that marks are."""
    found = _values(path) or {"it can be opened": False}
    return [f"{line} (in optimized.blend)" for line in rna_dump.differences(values, found)
            if not re.match(r"""(len\()?scenes\[.*\bautosimulate\b|.*\["psi\.|.*\.users: """, line)]


def _refusal(triple: Triple, outcome: Outcome) -> None:
    faults, lines = outcome.faults, [line for line in outcome.said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error: ")]
    if outcome.code != 2:
        faults.append(f"exit code {outcome.code}")
    if len(errors) != 1 or lines[-1:] != errors:
        faults.append("the last of its words is not one sentence")
    elif not errors[0].endswith((".", ")")):
        faults.append("the sentence has no end")
    if outcome.rendered:
        faults.append(f"{outcome.rendered} images were rendered before it was refused")
    if (triple.folder / "out").exists():
        faults.append("a folder is left of what was refused")
    if triple.verdict.what == "result":
        faults.append("a good triple was refused")
    says = triple.verdict.says
    if says and not any(word.casefold() in outcome.said.casefold() for word in says):
        faults.append(f"the sentence has none of {says}")


def _result(triple: Triple, outcome: Outcome) -> None:
    faults, out = outcome.faults, triple.folder / "out"
    faults += [f"{name} is not there" for name in DELIVERED if not (out / name).exists()]
    if triple.verdict.what == "refusal":
        faults.append("what cannot be was accepted")
    for event in read_events(out / "events.jsonl"):
        if isinstance(event, Problem) and "could not be" in event.message:
            faults.append(event.message)


def main() -> None:
    """``python -m tests.run.triples.play SEED NUMBER FOLDER``: one triple, told of at length."""
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True)
    triple = make(folder, int(sys.argv[1]), int(sys.argv[2]))
    print(triple.about, triple.verdict, " ".join(triple.argv), sep="\n")
    outcome = run(triple)
    print(outcome.said, *outcome.faults, sep="\n")


if __name__ == "__main__":
    main()
