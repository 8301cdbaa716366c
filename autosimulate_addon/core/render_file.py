"""A render as named arrays, for a file or a pipe: what numpy's npz holds without pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from ..protocol import Draw, Render, SampleKey


def pack_draw(draw: Draw) -> dict[str, np.ndarray]:
    """A draw; names of factors may be any text, and names of arrays may not."""
    names = sorted(draw)
    return {"factors": np.array(names, dtype=np.str_),
            **{f"draw_{index}": np.asarray(draw[name]) for index, name in enumerate(names)}}


def unpack_draw(data: Mapping[str, np.ndarray]) -> Draw:
    """Raises KeyError where an array is missing."""
    return {str(name): data[f"draw_{index}"] for index, name in enumerate(data["factors"])}


def pack(render: Render) -> dict[str, np.ndarray]:
    """Everything but the key."""
    return {"layers": render.layers, "reference": render.reference, "labels": render.labels,
            "instances": render.instances, "seconds": np.asarray(render.seconds, np.float64), **pack_draw(render.draw),
            **{f"extra_{name}": np.asarray(value) for name, value in render.extras.items()}}


def unpack(key: SampleKey, data: Mapping[str, np.ndarray]) -> Render:
    """Raises KeyError where an array is missing."""
    return Render(key, unpack_draw(data), data["layers"], data["reference"], data["labels"], data["instances"],
                  float(data["seconds"]),
                  {name.removeprefix("extra_"): data[name] for name in data if name.startswith("extra_")})


def digest(draw: Draw) -> bytes:
    """Of the exact values that were asked for. (A simulator may hand back a draw with absent values marked.)"""
    result = hashlib.blake2b(digest_size=16)
    for name in sorted(draw):
        value = np.ascontiguousarray(draw[name])
        result.update(f"{name}\x1f{value.dtype.str}{value.shape}\x1f".encode())
        result.update(value.tobytes())
    return result.digest()
