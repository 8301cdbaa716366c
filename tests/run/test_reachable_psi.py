"""Whatever psi the optimiser reaches can be written, read, drawn and reported; over all families and bounds."""

import math
from dataclasses import replace

import bpy
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import mark_scene, properties, psi_properties
from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.factors import factor_of
from autosimulate_addon.blender.marks.mark import ClassTable, Mark
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.protocol import InputError, SampleKey
from autosimulate_addon.protocol.moments import density
from autosimulate_addon.run.record import psi_file
from autosimulate_addon.run.report import densities

magnitudes = st.floats(-6, 6).map(lambda power: 10.0 ** power)
wide = st.floats(-35, 35).map(lambda power: 10.0 ** power)
numbers = st.one_of(st.floats(-1e6, 1e6), wide, magnitudes, magnitudes.map(lambda value: -value))


@pytest.fixture(scope="module", autouse=True)
def scene():
    bpy.ops.wm.read_factory_settings(use_empty=False)
    properties.ensure_registered()
    return bpy.context.scene


def one(path, collection="objects", name="Cube", index=-1):
    return (paths.PropertyRef(collection, name, None, path, index),)


@st.composite
def limits(draw, least=-math.inf):
    """(low, high), either of them perhaps None."""
    low, high = sorted((draw(numbers), draw(numbers)))
    low = draw(st.sampled_from((max(low, least), None)))
    return low, draw(st.sampled_from((max(high, least), None)))


@st.composite
def continuous(draw):
    family = draw(st.sampled_from(("normal", "lognormal", "bounded")))
    positive = family == "lognormal"
    low, high = draw(limits(0.0 if positive else -math.inf))
    targets = one("location", index=draw(st.integers(0, 2)))
    if family == "bounded":
        low, high = (-1.0 if low is None else low), (1.0 if high is None else high)
        targets = one("rotation_euler", index=2)
    mean = draw(magnitudes if positive else numbers)
    if family == "bounded" or draw(st.booleans()):
        mean = float(np.clip(mean, -math.inf if low is None else low, math.inf if high is None else high))
    if family == "bounded":
        mean = low + (high - low) * draw(st.floats(0.001, 0.999))
    std = draw(magnitudes)
    return Mark("it", "PROPERTY", targets, family=family, mean=(mean,), std=(std,),
                low=None if low is None else (low,), high=None if high is None else (high,))


@st.composite
def film(draw):
    name = draw(st.sampled_from(("exposure", "white_balance", "noise", "blur", "contrast")))
    return complete(Mark(f"film:{name}", "FILM"))


@st.composite
def discrete(draw):
    count = draw(st.integers(2, 6))
    p = np.array(draw(st.lists(st.floats(1e-6, 1.0), min_size=count, max_size=count)))
    p = tuple((p / p.sum()).tolist())
    return draw(st.sampled_from((
        Mark("it", "PROPERTY", one("pass_index"), family="integer", items=tuple(map(str, range(count))), p=p),
        Mark("it", "PROPERTY", one("hide_render"), family="bernoulli", items=("off", "on"),
             p=(p[0], 1.0 - p[0])),
        Mark("it", "PROPERTY", one("type", "lights", "Light"), family="categorical",
             items=("POINT", "SUN", "SPOT", "AREA")[:min(count, 4)],
             p=tuple(np.array(p[:4]) / sum(p[:4])) if count >= 4 else p),
    )))


def wander(mark, steps, seed):
    """Where steps of any length take psi from the mark's start."""
    psi = Psi.from_plain((factor_of(mark),), {mark.name: factor_of(mark).start})
    generator = torch.Generator().manual_seed(seed)
    direction = torch.randn(psi.size, generator=generator, dtype=torch.float64)
    for length in steps:
        noise = torch.randn(psi.size, generator=generator, dtype=torch.float64)
        psi = psi.step(length * (direction + 0.3 * noise))
    return psi


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(mark=st.one_of(continuous(), continuous(), film(), discrete()), seed=st.integers(0, 2**31),
       steps=st.lists(st.floats(0.01, 30.0), min_size=1, max_size=6))
def test_what_the_optimiser_reaches_comes_back_from_everywhere(scene, tmp_path_factory, mark, seed, steps):
    try:
        factor = factor_of(mark)
        mark_scene.write(scene, [mark], ClassTable(("background",), {}, {"background": 0}))
    except InputError as error:     # no distribution: said before anything is rendered, in one sentence
        assert "\n" not in str(error)
        return
    plain = wander(mark, steps, seed).plain()

    path = tmp_path_factory.mktemp("psi") / "psi.json"
    psi_file.write(path, (factor,), iteration=1, seed=0, stages={"final": plain}, targets={})
    assert psi_file.read(path, (factor,)) == plain

    marks = mark_scene.read(scene)[0]       # as optimized.blend has them: in single precision
    psi_properties.write(scene, marks, plain)
    assert psi_properties.read(scene, marks) == plain
    psi_properties.remove(scene, marks)

    for again in (mark, marks[0]):
        factor = factor_of(again, plain[mark.name])
        moved = again.with_(**{name: tuple(values) for name, values in plain[mark.name].items()})
        assert factor_of(moved).start.keys() == factor.start.keys()
        draw = Psi.from_plain((factor,), plain).sample(SampleKey(seed, 0, 0))[mark.name]
        assert np.isfinite(draw).all()
        if factor.low is not None:
            assert (draw >= factor.low).all() and (draw <= factor.high).all()
        start = {name: np.array(values) for name, values in plain[mark.name].items()}
        factor_of(again, Psi.from_factors((replace(factor, start=start),)).plain()[mark.name])      # a run that goes on

    if mark.family not in ("integer", "bernoulli", "categorical"):
        for component, (mean, std) in enumerate(zip(plain[mark.name]["mean"], plain[mark.name]["std"], strict=True)):
            low, high = ((-math.inf, math.inf) if factor.low is None else
                         (float(factor.low[component]), float(factor.high[component])))
            least, most = densities.plotting_range(factor.family, ((mean, std),), low, high)
            assert least < most
            drawn = density(factor.family, np.linspace(least, most, 50), mean, std, low, high)
            assert np.isfinite(drawn).all()
