"""Messages between a job and its render processes: a JSON header and numpy arrays (npz), never pickle."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

#: What a render process writes first: everything before it is Blender's own greeting.
GREETING = b"\0autosimulate worker 1\0"
_MAGIC = b"ASW1"
#: The magic, bytes of the header, bytes of the arrays.
_SIZES = struct.Struct("<4sIQ")
#: Larger ones are nonsense.
_LONGEST_HEADER, _LARGEST_BODY = 1 << 28, 1 << 33


class FrameError(ValueError):
    """What arrived is no message."""


def write(stream: BinaryIO, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Sends one message. Raises OSError where nobody listens any more."""
    text, body = json.dumps(header).encode(), io.BytesIO()
    if arrays:
        np.savez(body, **arrays)
    stream.write(_SIZES.pack(_MAGIC, len(text), body.tell()))
    stream.write(text)
    stream.write(body.getbuffer())
    stream.flush()


def read(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The next message: its header and its arrays. Raises EOFError at the end, FrameError for anything else."""
    magic, header_size, body_size = _SIZES.unpack(_exactly(stream, _SIZES.size))
    if magic != _MAGIC or header_size > _LONGEST_HEADER or body_size > _LARGEST_BODY:
        raise FrameError("not the beginning of a message")
    try:
        header = json.loads(_exactly(stream, header_size))
        body = _exactly(stream, body_size)
        arrays = {}
        if body:
            with np.load(io.BytesIO(body), allow_pickle=False) as data:     # its checksums are looked at
                arrays = {name: data[name] for name in data.files}
    except (ValueError, KeyError, RecursionError, zipfile.BadZipFile) as error:
        raise FrameError(f"a message that cannot be read ({error})") from error
    if not isinstance(header, dict):
        raise FrameError("a message without a header")
    return header, arrays


def skip_to_greeting(stream: BinaryIO) -> None:
    """Reads up to the end of GREETING, one byte at a time. Raises EOFError where it does not come."""
    seen = b""
    while not seen.endswith(GREETING):
        seen = seen[-len(GREETING):] + _exactly(stream, 1)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = stream.read(min(size - len(data), 1 << 20))      # an unbuffered stream may give less
        if not part:
            raise EOFError("the other end is gone")
        data += part
    return bytes(data)
