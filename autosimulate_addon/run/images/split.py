"""How a data set is divided into train, val and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ...protocol import InputError

SUBSETS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Shares of train, val and test, which sum to 1."""

    shares: tuple[float, ...] = (1.0, 0.0, 0.0)

    @classmethod
    def parse(cls, given: str) -> Split:
        """"80/10/10" or "80/20". Raises InputError."""
        try:
            parts = [float(part) for part in given.split("/")]
        except ValueError:
            parts = []
        if not 2 <= len(parts) <= 3 or not all(0 <= part < 1e9 for part in parts) or not parts[0] > 0:
            raise InputError(f"--split {given!r} is not understood: give the shares of train, val and test, as in "
                             f"80/10/10.")
        return cls(tuple(part / sum(parts) for part in (*parts, 0.0)[:3]))

    def subset(self, sample: tuple[int, ...]) -> str:
        """Where the image with this SampleKey belongs: by the key alone, so that it stays there when others come."""
        text = "split/" + "/".join(str(int(part)) for part in sample)
        place = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2 ** 48
        for name, share in zip(SUBSETS, self.shares, strict=True):
            if place < share:
                return name
            place -= share
        return next(name for name, share in zip(SUBSETS[::-1], self.shares[::-1], strict=True) if share)
