"""Where the add-on is installed: its top package, its preferences, its own folders."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import bpy

#: The extension's package ("bl_ext.user_default.autosimulate"): what preferences and the user folder go by.
TOP = __package__.rpartition(".autosimulate_addon")[0] or "autosimulate_addon"

#: The folder that holds ``autosimulate_addon`` and ``headless``.
ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def preferences() -> bpy.types.AddonPreferences | None:
    """The add-on's preferences; None where its code is used without being enabled (tests, scripts)."""
    addon = bpy.context.preferences.addons.get(TOP)
    return addon.preferences if addon else None


@cache
def manual() -> str | None:
    """The address of the manual's folder: the manifest's ``website``, or inside the extension; None in a checkout."""
    with open(ROOT / "blender_manifest.toml", "rb") as file:
        website = tomllib.load(file).get("website", "")
    packed = ROOT / "manual"
    return website.rstrip("/") or (packed.as_uri() if packed.is_dir() else None)


def user_folder() -> Path:
    """The one folder outside run directories that the add-on writes to."""
    try:
        return Path(bpy.utils.extension_path_user(TOP, create=True))
    except ValueError:                                  # not installed as an extension: a checkout
        return Path(bpy.utils.user_resource("CONFIG", path="autosimulate", create=True))
