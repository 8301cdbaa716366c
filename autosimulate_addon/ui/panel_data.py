"""What the panels show, worked out outside of draw() and kept until something changes.

Draw functions only read. When the scene changes (a handler sees it) or a panel finds nothing yet, a refresh is put on
a timer; it works out texts and pictures and redraws the sidebars.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent
from bpy.app.translations import pgettext_iface as iface_

from ..blender import pointers, property_info
from ..blender.marks import choices_scene, effects, factors, mark_scene, presence, properties, psi_properties
from ..blender.marks.mark import Mark
from ..protocol import AutoSimulateError, Factor
from . import redraw, wording
from .jobs import results, table
from .pictures import curve, distribution, icons

#: Colour of a distribution's picture, by what is learnable.
COLORS = {"PROPERTY": curve.ORANGE, "MATERIAL": (0.85, 0.45, 0.60), "STATE": (0.60, 0.75, 0.40),
          "FILM": (0.45, 0.75, 0.85)}
#: More properties of one distribution than this are counted, not listed.
LISTED = 4
#: A refresh waits until the scene has been still for so long: it must not get in the way of somebody moving things.
_CALM_SECONDS = 0.15
#: Pictures take a few milliseconds each: a long list gets them over several turns of the timer.
_PICTURE_SECONDS = 0.03


@dataclass
class Row:
    """One learnable property as its list row and its details show it."""

    text: str = ""
    full: str = ""
    icon: int = 0
    picture: tuple[int, ...] = ()
    problem: str = ""
    items: tuple[str, ...] = ()
    unit: str = ""
    axes: tuple[str, ...] = ()                      # what the pictures' horizontal axes show, one a component
    start: str = ""                                 # where it began, in words, once something was learned
    targets: tuple[tuple[int, str, bool], ...] = ()     # the first of its properties: position, name, still there
    chooses: str = ""                               # the kind of data-block that it chooses among ("worlds")


@dataclass
class SceneData:
    """Everything worked out for one scene."""

    rows: dict[str, Row] = field(default_factory=dict)
    psi: dict[str, dict] = field(default_factory=dict)  # what a draw uses: an undecided run's, the scene's, the start
    factors: dict[str, Factor] = field(default_factory=dict)
    learned: set[str] = field(default_factory=set)              # marks whose psi is not their start
    changes: list[tuple[str, str, str]] = field(default_factory=list)   # name, before, after
    problem: str = ""
    notes: list[str] = field(default_factory=list)              # what was deleted, and is done without
    pending: set[str] = field(default_factory=set)              # marks that show the psi of an undecided run
    waiting: bool = False                                       # for pictures that did not fit into this turn


_scenes: dict[int, SceneData] = {}
#: Called after every refresh with the scenes' data, by the overlay.
after_refresh: list = []


def get(scene: bpy.types.Scene) -> SceneData:
    """The scene's data as last worked out; empty, and on its way, the first time."""
    data = _scenes.get(scene.session_uid)
    if data is None:
        schedule()
        data = SceneData()
    return data


def row(scene: bpy.types.Scene, name: str) -> Row:
    found = get(scene).rows.get(name)
    if found is None:
        schedule()
        return Row()
    return found


def schedule() -> None:
    """Asks for a refresh soon; several requests are one."""
    global _changed
    _changed = time.monotonic()
    if not bpy.app.background and not bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.register(_on_timer, first_interval=_CALM_SECONDS, persistent=True)


_changed = 0.0


def _on_timer() -> float | None:
    if not properties.registered():
        return None
    if time.monotonic() - _changed < 0.9 * _CALM_SECONDS:
        return _CALM_SECONDS
    scenes = {window.scene for window in bpy.context.window_manager.windows}
    waiting = [refresh(scene, _PICTURE_SECONDS).waiting for scene in scenes]
    redraw.sidebars()
    return _CALM_SECONDS if any(waiting) else None


def refresh(scene: bpy.types.Scene, picture_seconds: float = math.inf) -> SceneData:
    """Works out the scene's data now. Problems become part of it; nothing is raised.

    Args:
        picture_seconds: how long to make pictures for; those left keep the old ones, and ``waiting`` says so.
    """
    data = _scenes.setdefault(scene.session_uid, SceneData())
    data.problem, data.waiting = "", False
    marks, data.rows = [], {group.name: data.rows.get(group.name, Row()) for group in scene.autosimulate.marks}
    for group in scene.autosimulate.marks:
        try:
            marks.append(mark_scene.mark_of(group))
            data.rows[group.name].problem = ""
        except AutoSimulateError as error:
            data.rows[group.name] = Row(text="unavailable", problem=str(error), targets=_targets(group))
    try:
        effects.check(mark_scene.read(scene)[0])
    except AutoSimulateError as error:
        data.problem = str(error)
    data.psi, data.learned, data.factors, data.pending = {}, set(), {}, set()
    data.notes = presence.deleted(scene)
    pending = results.pending(scene)
    for mark in marks:
        picture_seconds -= _refresh_row(scene, mark, data, picture_seconds > 0, pending.get(mark.name))
    before = table.psi_before(scene)
    data.changes = [
        (name, wording.psi(before[name], data.rows[name].unit, data.rows[name].items) if name in before
         else data.rows[name].start,
         data.rows[name].full)
        for name in data.psi if name in data.learned and name in data.rows]
    for call in after_refresh:
        call(scene, data)
    return data


def _refresh_row(scene: bpy.types.Scene, mark: Mark, data: SceneData, pictures: bool, pending: dict | None) -> float:
    """Texts of one row, and its pictures where they may be made now; returns how long those took.

    ``pending``: psi of a run that nobody has kept yet, which is what the panels show and pictures are made from.
    """
    row = data.rows[mark.name]
    try:
        if mark_scene.awaits_choices(mark):
            data.rows[mark.name] = _awaiting(scene, mark)
            return 0.0
        factor = factors.factor_of(mark)
        found = psi_properties.read(scene, [mark]).get(mark.name)
        if pending and _fits(mark, pending):
            found = pending
            data.pending.add(mark.name)
    except AutoSimulateError as error:
        data.rows[mark.name] = Row(text="unavailable", problem=str(error),
                                   targets=_targets(scene.autosimulate.marks[mark.name]))
        return 0.0
    start = {name: np.asarray(values, float).tolist() for name, values in factor.start.items()}
    now = found or start
    if found:
        data.learned.add(mark.name)
    data.psi[mark.name], data.factors[mark.name] = now, factor
    row.items, row.unit = factor.items, factor.unit
    row.chooses = _kind(scene.autosimulate.marks[mark.name])
    row.axes = _axes(factor, [part for part in (start if found else None, now) if part])
    row.start = wording.psi(start, factor.unit, factor.items) if found else ""
    row.targets = _targets(scene.autosimulate.marks[mark.name])
    row.text = wording.short(now, factor.unit, factor.items)
    row.full = wording.psi(now, factor.unit, factor.items)
    signature = repr((factor.family, start, now, factor.low, factor.high))
    key = f"{scene.session_uid}:{mark.name}"
    if signature == _pictures.get(key):
        row.icon, row.picture = icons.icon(f"row:{key}"), icons.wide(f"strip:{key}")
        return 0.0
    if not pictures:
        data.waiting = True
        return 0.0
    began = time.perf_counter()
    _pictures[key] = signature
    color = COLORS[mark.kind]
    row.icon = icons.show_small(f"row:{key}", curve.list_icon(factor.family, now, factor.low, factor.high, color))
    icons.forget(f"strip:{key}/")
    row.picture = icons.show_wide(f"strip:{key}", curve.distribution_tiles(
        factor.family, start if found else None, now, factor.low, factor.high, color=color),
        len(now.get("mean", [0])))
    return time.perf_counter() - began


def _awaiting(scene: bpy.types.Scene, mark: Mark) -> Row:
    if mark.kind == "STATE":
        return Row(text="one state yet", problem=f"{mark.name}: change its properties in the scene, then click Capture "
                   "State; it needs at least two states")
    return Row(text="one choice yet", problem=f"{mark.name}: add what it can be, from this file or from assets; it "
               "needs at least two choices", targets=_targets(scene.autosimulate.marks[mark.name]),
               chooses=_kind(scene.autosimulate.marks[mark.name]))


def _kind(group: Any) -> str:
    ref = choices_scene.target_of(group)
    return pointers.kind(ref) if ref is not None else ""


def _axes(factor: Factor, parts: list[dict]) -> tuple[str, ...]:
    """The intervals that ``curve.distribution_tiles`` draws over."""
    if not factor.continuous:
        return ()
    return tuple(wording.interval(*distribution.extent(factor.family, parts, i, factor.low, factor.high), factor.unit)
                 for i in range(factor.size))


def _fits(mark: Mark, psi: dict) -> bool:
    """Whether these can still be the mark's: it may have changed since the run began."""
    try:
        factors.factor_of(mark, psi)
    except AutoSimulateError:
        return False
    return True


def _targets(group: Any) -> tuple[tuple[int, str, bool], ...]:
    """What was deleted first, so that it can be dropped; the rest as far as it is listed."""
    entries = [(i, entry, presence.still_there(entry)) for i, entry in enumerate(presence.entries_of(group))]
    entries.sort(key=lambda each: each[2])
    return tuple((i, _target_name(group, entry) if there else
                  f"{entry.id.name if entry.id else iface_('Data')}: {iface_('deleted')}", there)
                 for i, entry, there in entries[:LISTED])


def _target_name(group: Any, entry: Any) -> str:
    try:
        ref = mark_scene.ref_of(group.name, entry)
        if not ref.path:
            return ref.name
        info = property_info.describe(ref)
    except AutoSimulateError:
        return f"{entry.id.name}  {entry.path}"
    letters = "RGBA" if info.subtype.startswith("COLOR") else "XYZW"
    return f"{ref.name}: {info.name}{f' {letters[ref.index]}' if 0 <= ref.index < 4 else ''}"


_pictures: dict[str, str] = {}


@persistent
def _on_change(*_: Any) -> None:
    screen = bpy.context.screen
    if screen is None or not screen.is_animation_playing:
        schedule()


@persistent
def _on_load(*_: Any) -> None:
    _scenes.clear()
    _pictures.clear()
    icons.forget("row:")
    icons.forget("strip:")
    schedule()


_HANDLERS = (("depsgraph_update_post", _on_change), ("undo_post", _on_change), ("redo_post", _on_change),
             ("load_post", _on_load))


def register() -> None:
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    if bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.unregister(_on_timer)
    _scenes.clear()
    _pictures.clear()
