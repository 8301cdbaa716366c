"""Defaults and checks: from a mark to the distribution it stands for."""

import math

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.factors import factor_of, factors_of
from autosimulate_addon.blender.marks.mark import Mark
from autosimulate_addon.protocol import InputError
from tests.blender.marking import mark, roughness_path, startup_scene


@pytest.fixture(autouse=True)
def scene():
    return startup_scene()


def test_light_energy_starts_lognormal_around_its_value_a_factor_of_three_wide():
    factor = factor_of(mark("lights['Light']", "energy"))
    mean, std = factor.start["mean"][0], factor.start["std"][0]
    assert (factor.family, factor.unit) == ("lognormal", "W")
    assert mean == pytest.approx(1000.0)
    assert math.exp(math.sqrt(math.log1p((std / mean) ** 2))) == pytest.approx(3.0)


def test_a_light_that_is_off_still_has_a_start():
    bpy.data.lights["Light"].energy = 0.0
    assert factor_of(mark("lights['Light']", "energy")).start["mean"][0] > 0.0


def test_roughness_starts_uniform_on_its_soft_range():
    factor = factor_of(mark("materials['Material']", roughness_path(bpy.data.materials["Material"])))
    assert factor.family == "bounded"
    assert (factor.low[0], factor.high[0]) == (0.0, 1.0)
    assert factor.start["mean"][0] == pytest.approx(0.5)
    assert factor.start["std"][0] == pytest.approx(1.0 / math.sqrt(12.0))


def test_a_whole_colour_and_one_component_of_it():
    whole, one = factor_of(mark("lights['Light']", "color")), factor_of(mark("lights['Light']", "color[2]"))
    assert (whole.family, whole.size, one.size) == ("bounded", 3, 1)


def test_shared_location_starts_at_the_middle_of_its_members_and_reaches_all():
    objects = []
    for place in ((-2.0, 0.0, 0.0), (2.0, 0.0, 0.0)):
        made = bpy.data.objects.new("Thing", bpy.data.meshes["Cube"])
        made.location = place
        bpy.context.scene.collection.objects.link(made)
        objects.append(made)
    bpy.context.view_layer.update()
    factor = factor_of(complete(Mark("Places", targets=tuple(paths.ref_to(made, "location") for made in objects))))
    assert (factor.family, factor.count, factor.size, factor.unit) == ("normal", 2, 3, "m")
    assert factor.start["mean"] == pytest.approx([0.0, 0.0, 0.0])
    assert 2.0 <= factor.start["std"][0] < 6.0
    assert (factor.start["std"][1:] < 2.0).all()


def test_yaw_starts_uniform_over_a_full_turn():
    factor = factor_of(mark("objects['Cube']", "rotation_euler[2]"))
    assert factor.family == "bounded"
    assert factor.high[0] - factor.low[0] == pytest.approx(2.0 * math.pi)


@pytest.mark.parametrize(("path", "items"), [
    ("cycles.max_bounces", ("0", "1", "2", "4", "8", "12")),
    ("cycles.samples", ("1", "2", "4", "8", "16", "32", "64")),
])
def test_integers_that_people_mark_get_sensible_choices(path, items):
    factor = factor_of(mark("scenes['Scene']", path))
    assert (factor.family, factor.items) == ("integer", items)
    assert factor.start["p"].sum() == pytest.approx(1.0)


def test_narrowed_integers_stay_inside():
    assert factor_of(mark("scenes['Scene']", "cycles.samples", low=(4.0,), high=(16.0,))).items == ("4", "8", "16")
    items = factor_of(mark("objects['Cube']", "pass_index", low=(3.0,), high=(6.0,))).items
    assert items == ("3", "4", "5", "6")


def test_switches_and_choices():
    switch = factor_of(mark("objects['Cube']", "hide_render"))
    assert (switch.family, switch.items, switch.start["p"].tolist()) == ("bernoulli", ("off", "on"), [0.5, 0.5])
    choice = factor_of(mark("lights['Light']", "type"))
    assert choice.family == "categorical"
    assert set(choice.items) == {"POINT", "SUN", "SPOT", "AREA"}


def test_materials_and_film():
    bpy.data.materials.new("Other")
    target = paths.ref_to(bpy.data.objects["Cube"])
    material = factor_of(complete(Mark("Wear", "MATERIAL", (target,), items=("Material", "Other"), p=(0.25, 0.75))))
    assert (material.family, material.items, material.start["p"].tolist()) == (
        "categorical", ("Material", "Other"), [0.25, 0.75])
    balance = factor_of(complete(Mark("film:white_balance", "FILM")))
    assert (balance.key, balance.size, balance.film) == ("film:white_balance", 2, True)


def test_psi_replaces_the_start_and_disabled_marks_give_no_factor():
    energy = mark("lights['Light']", "energy", "Energy")
    switch = mark("objects['Cube']", "hide_render", "Switch", enabled=False)
    found = factors_of([energy, switch], {"Energy": {"mean": [7.0], "std": [2.0]}})
    assert [factor.key for factor in found] == ["Energy"]
    assert found[0].start["mean"][0] == 7.0


def test_a_bounded_start_off_centre_is_as_wide_as_a_hump_can_be():
    factor = factor_of(mark("lights['Light']", "color[0]", mean=(0.2,)))
    mean, variance = 0.2, factor.start["std"][0] ** 2
    both = mean * (1.0 - mean) / variance - 1.0
    assert min(mean * both, (1.0 - mean) * both) == pytest.approx(1.0)


@pytest.mark.parametrize(("data", "path", "options", "text"), [
    ("lights['Light']", "energy", {"low": (9.0,), "high": (1.0,)}, "low 9 is above high 1"),
    ("lights['Light']", "energy", {"std": (0.0,)}, "must be above 0"),
    ("lights['Light']", "energy", {"mean": (-1.0,)}, "mean above 0"),
    ("lights['Light']", "energy", {"mean": (math.nan,)}, "not a finite number"),
    ("lights['Light']", "energy", {"mean": (5.0,), "high": (2.0,)}, "outside of the limits"),
    ("lights['Light']", "color", {"low": (-1.0,)}, "beyond the property's own limit"),
    ("lights['Light']", "color", {"mean": (0.5, 0.5)}, "3 components"),
    ("lights['Light']", "color[0]", {"std": (0.6,)}, "no distribution between"),
    ("lights['Light']", "color[0]", {"low": (0.5,), "high": (0.5,), "mean": (0.5,)}, "is not below high"),
    ("lights['Light']", "type", {"items": ("POINT", "SPT")}, "did you mean 'SPOT'"),
    ("lights['Light']", "type", {"items": ("POINT",)}, "at least two"),
    ("lights['Light']", "type", {"items": ("POINT", "SPOT"), "p": (0.4, 0.4)}, "sum to 0.8"),
    ("lights['Light']", "type", {"items": ("POINT", "SPOT"), "p": (1.0,)}, "1 probabilities for 2 choices"),
    ("lights['Light']", "type", {"items": ("POINT", "SPOT", "POINT")}, "twice"),
    ("lights['Light']", "energy", {"family": "integer"}, "not a whole number"),
    ("lights['Light']", "energy", {"family": "lognorm"}, "did you mean 'lognormal'"),
    ("lights['Light']", "type", {"family": "normal"}, "not a number"),
    ("objects['Cube']", "location", {"family": "bounded"}, "needs both low and high"),
    ("objects['Gone']", "location", {}, "is not in the file"),
    ("objects['Cube']", "locaton", {}, "has no property"),
    ("scenes['Scene']", "cycles.samples", {"items": ("4", "many")}, "not a whole number"),
    ("scenes['Scene']", "cycles.samples", {"items": ("0", "4")}, "outside of the property's own limits"),
])
def test_what_makes_no_distribution_is_refused_in_one_sentence(data, path, options, text):
    with pytest.raises(InputError) as caught:
        factor_of(mark(data, path, **options))
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_lognormal_mean_may_be_above_high_where_its_median_is_inside():
    """Limits clip draws; mean and std are those before clipping."""
    factor = factor_of(mark("lights['Light']", "energy", low=(10.0,), high=(500.0,)), {"mean": [640.3], "std": [512.6]})
    assert factor.start["mean"][0] == 640.3 and factor.high[0] == 500.0
    with pytest.raises(InputError, match=r"median 583\.676 is outside of the limits 10 to 500"):
        factor_of(mark("lights['Light']", "energy", low=(10.0,), high=(500.0,)), {"mean": [640.3], "std": [288.8]})


@pytest.mark.parametrize("family", ["normal", "lognormal"])
def test_equal_limits_are_refused_before_anything_is_drawn(family):
    with pytest.raises(InputError, match="low 2 is not below high 2"):
        factor_of(mark("lights['Light']", "energy", family=family, low=(2.0,), high=(2.0,), mean=(2.0,)))


def test_limits_of_a_vector_may_be_infinite_for_some_components():
    factor = factor_of(mark("objects['Cube']", "location", low=(-math.inf, -1.0, 0.0), mean=(0.0, 0.0, 1.0)))
    assert factor.low.tolist() == [-math.inf, -1.0, 0.0]
    assert np.isinf(factor.high).all()
