"""Matching of the stand-in's renders: towards the hidden target, nowhere from it, lit first in the dark, resumable."""

import copy

import pytest
import torch

from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.core.features import make_encoder
from autosimulate_addon.core.matching import Matcher, MatchOptions
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.standin import StandIn, start_narrow_wrong, start_wide, target, validation_and_test
from autosimulate_addon.core.standin.starts import factors
from autosimulate_addon.core.tasks import make_task
from autosimulate_addon.protocol import SampleKey

TASK = make_task("segmentation", StandIn().classes)
ENCODER = make_encoder("filters")


@pytest.fixture(scope="module")
def validation():
    return as_validation(TASK, validation_and_test(n_val=40, n_test=1)[0], torch.device("cpu"))


def new(validation, **options):
    return Matcher(ENCODER, TASK, validation, MatchOptions(**options))


def rounds(matcher, start, count, images, store=None, first=0, psi=None):
    """The rounds' results, each on all renders so far; and the store."""
    simulator = StandIn(start)
    psi = psi or Psi.from_factors(simulator.factors)
    store = store or RenderStore(simulator.factors, simulator.layers)
    found = []
    for index in range(first, first + count):
        keys = [SampleKey(3, index, k) for k in range(images)]
        batch = store.add(list(simulator.render([psi.sample(key) for key in keys], keys)), psi)
        found.append(matcher.round(store, batch, psi, index))
        psi = found[-1].psi
    return found, store


def away(psi):
    """Nats from the target."""
    return Psi.from_plain(factors(), target).kl(psi)


def test_from_wide_randomisation_psi_goes_towards_the_target(validation):
    found, _ = rounds(new(validation), start_wide, 2, 96)
    start, end = Psi.from_factors(StandIn(start_wide).factors), found[-1].psi
    assert away(end) < 0.85 * away(start)
    assert all(each.matched.after[0] + each.matched.after[1] <= sum(each.matched.before) for each in found)
    assert not found[0].lit and set(found[0].by_class) == {"sphere", "cube", "cylinder"}
    assert found[0].by_scale.keys() == ENCODER.groups.keys()


def test_from_the_target_it_stays(validation):
    found, _ = rounds(new(validation, looks=True), target, 1, 96)
    assert found[0].nothing_left and found[0].matched.kl < 0.02


def test_a_start_in_the_dark_is_lit_and_then_matched_on_the_same_renders(validation):
    matcher = new(validation)
    found, _ = rounds(matcher, start_narrow_wrong, 2, 48)
    start = Psi.from_factors(StandIn(start_narrow_wrong).factors)
    first, second = found
    assert first.lit and first.stops > 2 and not second.lit and abs(second.stops) < 0.6
    assert away(first.psi) < 0.6 * away(start) and away(second.psi) < away(first.psi)
    assert first.psi.plain()["key_energy"]["mean"][0] > 4 * start.plain()["key_energy"]["mean"][0]
    # the 48 renders of the dark serve the second round under their new lights
    assert second.renders == 96 and second.matched.effective > 20


@pytest.mark.parametrize("start", [start_wide, start_narrow_wrong])
def test_a_resumed_matcher_goes_on_as_if_nothing_had_happened(validation, start):
    matcher = new(validation, looks=True)
    found, store = rounds(matcher, start, 1, 24)
    resumed = new(validation, looks=True)
    resumed.load_state_dict(copy.deepcopy(matcher.state_dict()))
    simulator = StandIn(start)
    other = RenderStore(simulator.factors, simulator.layers)
    other.load_state_dict(store.state_dict(), Psi.from_factors(simulator.factors), simulator.render)
    psi = found[0].psi
    one, two = (rounds(each, start, 1, 24, on, 1, psi)[0][0] for each, on in ((matcher, store), (resumed, other)))
    assert torch.equal(one.psi.phi, two.psi.phi) and one.details() == two.details()
