"""Distributions, curves and overlay shapes in numpy, against what they must be."""

from __future__ import annotations

import numpy as np
import pytest

from autosimulate_addon.protocol.events import Iteration
from autosimulate_addon.protocol.numbers import Numbers
from autosimulate_addon.ui import wording
from autosimulate_addon.ui.overlay import geometry
from autosimulate_addon.ui.pictures import curve, distribution, raster

CASES = [("normal", 2.0, 0.5, None, None), ("lognormal", 100.0, 150.0, None, None), ("bounded", 0.3, 0.1, 0.0, 1.0),
         ("bounded", 0.5, 1 / np.sqrt(12), 0.0, 1.0)]


@pytest.mark.parametrize("family, mean, std, low, high", CASES)
def test_samples_have_the_moments(family, mean, std, low, high):
    limits = [None if value is None else [value] for value in (low, high)]
    values = distribution.sample(np.random.default_rng(0), family, {"mean": [mean], "std": [std]}, 40_000, *limits)
    assert values.shape == (40_000, 1)
    assert values.mean() == pytest.approx(mean, rel=0.05)
    assert values.std() == pytest.approx(std, rel=0.15)


def test_discrete_samples_and_modes():
    values = distribution.sample(np.random.default_rng(0), "categorical", {"p": [0.2, 0.8]}, 5000)
    assert values.mean() == pytest.approx(0.8, abs=0.03) and values.shape == (5000, 1)
    assert distribution.middle("categorical", {"p": [0.2, 0.8]}, 3).tolist() == [[1], [1], [1]]
    assert distribution.middle("normal", {"mean": [1.0, 2.0], "std": [1, 1]}, 2).tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_draws_stay_inside_limits():
    values = distribution.sample(np.random.default_rng(0), "normal", {"mean": [0.0], "std": [5.0]}, 1000, [-1.0], [2.0])
    assert values.min() >= -1 and values.max() <= 2


def test_curve_picture_puts_the_higher_curve_above():
    points = [Iteration(i, 8 * i, val_metric=0.5, control_val_metric=0.2) for i in range(1, 4)]
    pixels, (low, high) = curve.learning_curve(points)
    assert pixels.shape == (400, 400, 4) and low < 0.2 and high > 0.5
    blue = np.argwhere((np.abs(pixels[..., :3] - curve.BLUE) < 0.02).all(axis=-1))[:, 0].mean()
    grey = np.argwhere((np.abs(pixels[..., :3] - curve.GREY) < 0.02).all(axis=-1))[:, 0].mean()
    assert blue > grey


@pytest.mark.parametrize("heights", [np.linspace(3, 50, 60), 30 + 25 * np.sin(np.arange(60) / 3),
                                     np.where(np.arange(60) == 30, 55.0, 4.0)], ids=["slope", "waves", "spike"])
def test_a_graph_is_the_line_through_its_heights(heights):
    line, graph = raster.Canvas(60, 60), raster.Canvas(60, 60)
    line.line(np.column_stack([np.arange(60), heights]), (1.0, 0.5, 0.2), 3.0)
    graph.graph(heights, (1.0, 0.5, 0.2), 3.0)
    assert line.pixels[..., 3].sum() > 100
    np.testing.assert_allclose(graph.pixels, line.pixels, atol=2e-3)


def test_curve_picture_of_nothing_and_of_one_point():
    assert np.isfinite(curve.learning_curve([])[0]).all()
    assert np.isfinite(curve.learning_curve([Iteration(1, 8)])[0]).all()
    assert np.isfinite(curve.learning_curve([Iteration(1, 0, val_metric=0.5)])[0]).all()


def test_tiles_one_per_component():
    psi = {"mean": [0.0, 1.0, 2.0], "std": [1.0, 1.0, 1.0]}
    assert curve.distribution_tiles("normal", None, psi, size=50).shape == (50, 150, 4)
    assert curve.distribution_tiles("categorical", {"p": [1, 0]}, {"p": [0.5, 0.5]}, size=50).shape == (50, 50, 4)
    unlimited = np.array([-np.inf] * 3), np.array([np.inf] * 3)
    assert np.isfinite(curve.distribution_tiles("normal", psi, psi, *unlimited)).all()


def test_fit_keeps_shape_and_mean():
    image = np.random.default_rng(0).random((64, 128, 3)).astype(np.float32)
    small = raster.fit(image, 32, 32)
    assert small.shape == (16, 32, 3)
    assert small.mean() == pytest.approx(image.mean(), abs=1e-3)
    assert raster.boxed(image, 50, 40).shape == (40, 50, 4)


def test_ellipsoid_points_lie_at_their_distance():
    points = geometry.ellipsoid([1, 2, 3], [0.5, 1.0, 2.0], sigmas=2.0)
    scaled = (points - [1, 2, 3]) / [1.0, 2.0, 4.0]
    assert np.allclose(np.linalg.norm(scaled, axis=1), 1, atol=1e-5)
    assert len(points) % 2 == 0 and points.dtype == np.float32


def test_ellipsoid_follows_the_parent():
    matrix = np.eye(4)
    matrix[:3, 3] = [10, 0, 0]
    assert geometry.ellipsoid([0, 0, 0], [1, 1, 1], matrix=matrix)[:, 0].mean() == pytest.approx(10, abs=1e-4)


def test_rings_grow_with_the_energy():
    rings = geometry.energy_rings([0, 0, 5], 100.0, 50.0)
    radii = np.unique(np.round(np.hypot(rings[:, 0], rings[:, 1]), 3))
    assert len(radii) == 3 and np.allclose(rings[:, 2], 5)
    assert radii[1] == pytest.approx(0.05 * 10, abs=1e-3)
    assert len(geometry.energy_rings([0, 0, 0], 0.0, 0.0)) == 0


def test_fifty_shapes_take_under_a_millisecond_each():
    import time

    began = time.process_time()
    for _ in range(50):
        geometry.ellipsoid([0, 0, 0], [1, 1, 1])
    assert (time.process_time() - began) / 50 < 1e-3


@pytest.mark.parametrize("parameters, unit, items, text", [
    ({"mean": [120.4], "std": [40.0]}, "W", (), "120 ± 40 W"),
    ({"mean": [0.0, 1.234, 3.0], "std": [0.5, 0.5, 0.5]}, "m", (), "(0, 1.23, 3) ± 0.5 m"),
    ({"mean": [3.14159265], "std": [0.5235988]}, "rad", (), "180 ± 30°"),
    ({"p": [0.38, 0.62]}, "", ("Rubber", "Metal"), "Metal 62 %"),
    ({"p": [0.5, 0.5]}, "", ("a", "b"), "any of 2"),
    ({"p": [0.5, 0.5]}, "", ("off", "on"), "on 50 %"),
    ({"p": [0.26, 0.74]}, "", ("0", "8"), "8: 74 %"),
    ({"mean": [12345.6], "std": [0.001]}, "", (), "12346 ± 0.001"),
])
def test_psi_in_words(parameters, unit, items, text):
    assert wording.psi(parameters, unit, items) == text


@pytest.mark.parametrize("learned, expected", [
    ({"metric": 0.5, "loss": 0.1}, "BETTER"), ({"metric": 0.5, "loss": 0.3}, "LEVEL"),
    ({"metric": 0.3, "loss": 0.1}, "LEVEL"), ({"metric": 0.4, "loss": 0.3}, "WORSE"), ({"metric": None}, "")])
def test_the_verdict_is_the_reports(learned, expected):
    rows = {"start": {"metric": 0.4, "loss": 0.2}, "learned": learned}
    assert wording.verdict(Numbers.of({"rows": rows})) == expected
    assert wording.verdict(Numbers.of({"rows": {"learned": learned}})) == ""


def test_film_marks_have_a_plain_name():
    assert wording.mark_name("film:white_balance") == "White Balance" and wording.mark_name("Key Power") == "Key Power"


def test_a_long_list_gets_its_pictures_over_several_turns(scene):
    import bpy

    from autosimulate_addon.ui import panel_data

    for what in ("LIGHTS", "LIGHT_COLORS", "CAMERA_PLACE", "CAMERA_LENS", "WORLD"):
        bpy.ops.autosimulate.mark_common(what=what)
    panel_data._pictures.clear()
    for turn in range(1, 6):
        data = panel_data.refresh(scene, 1e-9)
        assert len(panel_data._pictures) == turn and data.waiting == (turn < 5)
        assert all(row.text for row in data.rows.values())
