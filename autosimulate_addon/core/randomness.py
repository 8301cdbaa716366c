"""Random numbers by name: the same key and name give the same numbers, whatever was drawn before, and by whom."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from ..protocol import SampleKey


def derive_seed(*parts: int | str) -> int:
    """A seed in [0, 2**63) from numbers and names. Stable for ever: BLAKE2b, never ``hash()``."""
    text = "\x1f".join(f"{type(part).__name__[0]}{part}" for part in _plain(parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def _plain(parts: tuple[int | str, ...]) -> list[int | str]:
    # numpy's integers must name the same numbers as Python's
    return [part if isinstance(part, str) else int(part) for part in parts]


def member_seed(seed: int, name: str, index: int) -> int:
    """The seed of member ``index`` of an ensemble; the first one has the plain ``seed``, as a single network has."""
    return derive_seed(seed, name, index) if index else seed


def seed_of(key: SampleKey, name: str) -> int:
    """The seed of what ``name`` draws for ``key``."""
    return derive_seed(key.seed, key.iteration, key.sample, name)


def generator(key: SampleKey, name: str) -> np.random.Generator:
    """A counter-based numpy generator of its own for what ``name`` draws for ``key``."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed_of(key, name))))


@contextmanager
def torch_seed(seed: int) -> Iterator[None]:
    """Torch's CPU generator starts at ``seed`` inside and goes on outside as if nothing had happened.

    ``torch.distributions`` takes no generator of its own. Only the CPU's is touched (``torch.manual_seed`` would
    reseed CUDA too), so draws of psi are always made on the CPU and are the same with and without CUDA.
    """
    state = torch.random.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.random.set_rng_state(state)
