"""F1 and Online Manual: every button and setting of ours has its page, found as Blender finds it."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from autosimulate_addon.blender.marks import properties
from autosimulate_addon.ui import manual, package, preferences
from tests.ui.test_registration import operators


def page_of(name: str) -> str | None:
    """What Blender's own look-up gives (``bl_operators.wm``): the first that matches."""
    return next((page for pattern, page in manual.pages() if fnmatchcase(name.lower(), pattern)), None)


def test_every_operator_has_a_page_of_its_own(scene):
    names = {f"bpy.ops.{cls.bl_idname}" for cls in operators()}
    assert len(names) > 40 and {page_of(name) for name in names} == set(manual.PAGES)


def test_every_property_has_a_page(scene):
    for cls in (*properties.CLASSES, preferences.AUTOSIMULATE_AP_preferences):
        for name in cls.__annotations__:
            page = page_of(f"bpy.types.{cls.__name__}.{name}")
            assert page in manual.PAGES or page == "network" or name in ("decision", "before_kept"), (cls, name, page)
    shown = {page_of(f"bpy.types.AUTOSIMULATE_PG_scene.{name}") for name in ("validation", "network", "seed", "marks")}
    assert shown == {"validation", "network", "optimize", "learnables"}


def test_every_page_is_there(repo_root):
    assert {page for _, page in manual.pages()} <= {path.stem for path in (repo_root / "docs/window").glob("*.md")}


@pytest.mark.parametrize("website", ["", "https://example.org/manual/"])
def test_blender_is_led_to_the_website_or_into_the_extension(scene, monkeypatch, tmp_path, website):
    import bl_operators.wm as wm

    (tmp_path / "blender_manifest.toml").write_text(f'website = "{website}"\n' if website else "")
    (tmp_path / "manual").mkdir()
    monkeypatch.setattr(package, "ROOT", tmp_path)
    package.manual.cache_clear()
    url = wm.WM_OT_doc_view_manual._lookup_rna_url("bpy.ops.autosimulate.keep", verbose=False)
    package.manual.cache_clear()
    site = website.rstrip("/") or (tmp_path / "manual").as_uri()
    assert url == f"{site}/window/results.html"


def test_a_checkout_has_its_readme(scene):
    package.manual.cache_clear()
    prefix, rows = manual._map()
    assert prefix.startswith("file:") and prefix.endswith("/README.md") and {suffix for _, suffix in rows} == {""}
