"""The second language is whole: each label, tooltip and text of ours has its translation, with the same gaps."""

from __future__ import annotations

import ast
import re

import bpy

from autosimulate_addon import ui
from autosimulate_addon.blender.marks import properties
from autosimulate_addon.protocol.events import PHASES
from autosimulate_addon.ui import translations
from autosimulate_addon.ui.wording import STATUS_WORDS

#: What only scripts see.
_HIDDEN = {"filter_folder", "filter_glob", "remove_name", "remove_active"}


def of_properties(rna, without: set[str]) -> set[str]:
    """Names and tooltips, and those of what can be chosen."""
    found = set()
    for prop in rna.properties:
        if prop.identifier not in without | {"rna_type"} | _HIDDEN:
            found |= {prop.name, prop.description}
            if prop.type == "ENUM":
                found |= {text for item in prop.enum_items for text in (item.name, item.description)}
    return found


def of_classes() -> set[str]:
    found = set()
    for cls in (*ui._CLASSES, *properties.CLASSES):
        if issubclass(cls, bpy.types.Operator):
            group, name = cls.bl_idname.split(".")
            rna = getattr(getattr(bpy.ops, group), name).get_rna_type()
            found |= {cls.bl_label, rna.description} | of_properties(rna, set())
            continue
        if not hasattr(cls, "preset_subdir"):        # the label of such a menu is the preset that was last chosen
            found.add(getattr(cls, "bl_label", ""))
        inherited = {prop.identifier for base in cls.__mro__[1:] if hasattr(base, "bl_rna")
                     for prop in base.bl_rna.properties}
        found |= of_properties(cls.bl_rna, inherited)
    return found


def of_panels(root) -> set[str]:
    """Texts as they are written in calls: text="...", iface_("..."), paragraph(..., "...")."""
    found = set()
    for path in (root / "autosimulate_addon/ui").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                name = getattr(call.func, "attr", getattr(call.func, "id", ""))
                given = [word.value for word in call.keywords if word.arg == "text"]
                given += call.args if name in ("iface_", "paragraph") else []
                found |= {text for each in given if isinstance(text := getattr(each, "value", None), str)}
    return found


def test_german_is_whole(scene, repo_root):
    german = translations.texts("de")
    wanted = (of_classes() | of_panels(repo_root) | set(PHASES.values()) | set(STATUS_WORDS.values())) - {""}
    assert len(wanted) > 450
    assert sorted(wanted - german.keys()) == []
    gaps = re.compile(r"\{.*?\}")
    assert [text for text, other in german.items() if sorted(gaps.findall(text)) != sorted(gaps.findall(other))] == []
