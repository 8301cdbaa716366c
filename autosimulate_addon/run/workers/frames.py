"""Messages between a job and its render processes: a JSON header and numpy arrays, never pickle.

Arrays go as their plain bytes, described in the header, with a checksum. Not as npz: reading some twenty small arrays
out of one takes 4 ms, a tenth of a small render.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

#: What a render process writes first: everything before it is Blender's own greeting.
GREETING = b"\0autosimulate worker 2\0"
_MAGIC = b"ASW2"
#: The magic, bytes of the header, bytes of the arrays, checksum of both. (As text: a struct.Struct cannot travel to
#: another machine.)
_SIZES = "<4sIQI"
#: Kinds of numpy's types that are numbers or text, and nothing that would have to be trusted.
_KINDS = "biufU"
#: Larger ones are nonsense.
_LONGEST_HEADER, _LARGEST_BODY = 1 << 28, 1 << 33


class FrameError(ValueError):
    """What arrived is no message."""


def encode(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> bytes:
    """One message. Raises FrameError for arrays of something else than numbers or text."""
    values = [np.asarray(value, order="C") for value in (arrays or {}).values()]
    described = [(name, value.dtype.str, value.shape) for name, value in zip(arrays or {}, values, strict=True)]
    if any(value.dtype.kind not in _KINDS for value in values):
        raise FrameError("arrays of something else than numbers or text")
    text, body = json.dumps([header, described]).encode(), b"".join(value.tobytes() for value in values)
    return b"".join((struct.pack(_SIZES, _MAGIC, len(text), len(body), _checksum(text, body)), text, body))


def decode(message: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of one message. Raises FrameError for anything else."""
    start = struct.calcsize(_SIZES)
    header_size, body_size, checksum = _sizes(message[:start])
    text, body = (memoryview(message)[start:start + header_size], memoryview(message)[start + header_size:])
    if len(body) != body_size or _checksum(text, body) != checksum:
        raise FrameError("a message that was cut off or damaged")
    try:
        header, described = json.loads(bytes(text))
        arrays, position = {}, 0
        for name, kind, shape in described:
            arrays[name] = _array(body[position:], np.dtype(kind), shape)
            position += arrays[name].nbytes
    except (ValueError, TypeError, RecursionError) as error:
        raise FrameError(f"a message that cannot be read ({error})") from error
    if not isinstance(header, dict):
        raise FrameError("a message without a header")
    return header, arrays


def _array(data: memoryview, kind: np.dtype, shape: list[int]) -> np.ndarray:
    """A copy: aligned, and one's own to write to."""
    if kind.kind not in _KINDS or any(length < 0 for length in shape):
        raise FrameError("arrays of something else than numbers or text")
    count = math.prod(shape)
    return np.frombuffer(data, kind, count).reshape(shape).copy() if count else np.zeros(shape, kind)


def _checksum(text: bytes | memoryview, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(text))


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
    return start + _exactly(stream, sum(_sizes(start)[:2]))


def _sizes(start: bytes) -> tuple[int, int, int]:
    """Bytes of the header and of the arrays, and the checksum."""
    if len(start) != struct.calcsize(_SIZES):
        raise FrameError("not the beginning of a message")
    magic, header_size, body_size, checksum = struct.unpack(_SIZES, start)
    if magic != _MAGIC or header_size > _LONGEST_HEADER or body_size > _LARGEST_BODY:
        raise FrameError("not the beginning of a message")
    return header_size, body_size, checksum


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
