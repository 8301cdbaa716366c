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
#: The magic, bytes of the header, bytes of the arrays. (As text: a struct.Struct cannot travel to another machine.)
_SIZES = "<4sIQ"
#: Larger ones are nonsense.
_LONGEST_HEADER, _LARGEST_BODY = 1 << 28, 1 << 33


class FrameError(ValueError):
    """What arrived is no message."""


def encode(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> bytes:
    """One message."""
    text, body = json.dumps(header).encode(), io.BytesIO()
    if arrays:
        np.savez(body, **arrays)
    return b"".join((struct.pack(_SIZES, _MAGIC, len(text), body.tell()), text, body.getbuffer()))


def decode(message: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of one message. Raises FrameError for anything else."""
    start = struct.calcsize(_SIZES)
    length = start + _sizes(message[:start])[0]
    try:
        header = json.loads(message[start:length])
        arrays = {}
        if len(message) > length:
            with np.load(io.BytesIO(message[length:]), allow_pickle=False) as data:     # its checksums are looked at
                arrays = {name: data[name] for name in data.files}
    except (ValueError, KeyError, RecursionError, zipfile.BadZipFile) as error:
        raise FrameError(f"a message that cannot be read ({error})") from error
    if not isinstance(header, dict):
        raise FrameError("a message without a header")
    return header, arrays


def write(stream: BinaryIO, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Sends one message. Raises OSError where nobody listens any more."""
    stream.write(encode(header, arrays))
    stream.flush()


def read(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The next message: its header and its arrays. Raises EOFError at the end, FrameError for anything else."""
    return decode(receive(stream))


def receive(stream: BinaryIO) -> bytes:
    """The bytes of the next message. Raises EOFError at the end, FrameError where no message begins."""
    start = _exactly(stream, struct.calcsize(_SIZES))
    return start + _exactly(stream, sum(_sizes(start)))


def _sizes(start: bytes) -> tuple[int, int]:
    """Bytes of the header and of the arrays."""
    magic, header_size, body_size = struct.unpack(_SIZES, start)
    if magic != _MAGIC or header_size > _LONGEST_HEADER or body_size > _LARGEST_BODY:
        raise FrameError("not the beginning of a message")
    return header_size, body_size


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
