"""Numbers by name."""

import numpy as np
import torch

from autosimulate_addon.core.randomness import derive_seed, generator, seed_of, torch_seed
from autosimulate_addon.protocol import SampleKey


def test_seeds_are_the_same_for_ever():
    # written down once: a change of these numbers breaks every stored run
    assert seed_of(SampleKey(1, 2, 3), "energy") == 3641318908539796010
    assert derive_seed() == derive_seed()
    assert derive_seed(1, "a") == derive_seed(np.int64(1), "a")


def test_seeds_differ_in_every_part():
    seeds = {seed_of(SampleKey(*key), name) for key in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)) for name in "ab"}
    seeds |= {derive_seed("1", 2), derive_seed(1, 2), derive_seed("12"), derive_seed(12)}
    assert len(seeds) == 12
    assert all(0 <= seed < 2 ** 63 for seed in seeds)


def test_generators_are_independent_streams():
    a, b = (generator(SampleKey(0, 0, sample), "x").standard_normal(20_000) for sample in (0, 1))
    assert np.array_equal(a, generator(SampleKey(0, 0, 0), "x").standard_normal(20_000))
    assert abs(np.corrcoef(a, b)[0, 1]) < .03


def test_torch_goes_on_as_if_nothing_had_happened():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with torch_seed(1):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with torch_seed(1):
        assert torch.equal(torch.rand(3), first)
