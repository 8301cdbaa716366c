"""A reader of the uncompressed multilayer EXR files that Blender writes, single-part (4.x) and multi-part (5.x).

OpenImageIO is not in every Blender (none in 4.2's module, none in Debian's), and reading rows that lie in the file as
they lie in memory needs no library. Layout: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

_MAGIC = 20000630
_TILED, _LONG_NAMES, _DEEP, _MULTI_PART = 1 << 9, 1 << 10, 1 << 11, 1 << 12
_TYPES = (np.dtype("<u4"), np.dtype("<f2"), np.dtype("<f4"))


@dataclass(frozen=True)
class ExrImage:
    """Channels by full name ("ViewLayer.Combined.R"), each (H, W), top row first; text attributes by name."""

    channels: Mapping[str, np.ndarray]
    attributes: Mapping[str, str] = field(default_factory=dict)

    def find(self, *names: str, components: str = "X") -> np.ndarray | None:
        """(H, W, len(components)) float32 of the first pass among ``names`` that the file has, else None."""
        for name in names:
            channels = self._components(name, components)
            if channels is not None:
                return np.stack(channels, axis=-1).astype(np.float32, copy=False)
        return None

    def copy_into(self, target: np.ndarray, name: str, components: str) -> bool:
        """Fills ``target`` (H, W, len(components)) with a pass; False when the file has no such pass of this size."""
        channels = self._components(name, components)
        if channels is None or channels[0].shape != target.shape[:2]:
            return False
        for index, channel in enumerate(channels):
            target[..., index] = channel
        return True

    def _components(self, name: str, components: str) -> list[np.ndarray] | None:
        channels = []
        for component in components:
            ending = f".{name}.{component}"
            array = next((array for key, array in self.channels.items() if key.endswith(ending)), None)
            if array is None:
                return None
            channels.append(array)
        return channels


@dataclass
class _Part:
    channels: list[tuple[str, np.dtype]]
    height: int
    width: int
    attributes: dict[str, str]
    chunks: int


def read(path: str | os.PathLike) -> ExrImage:
    """Reads all channels. Raises ValueError for a file that is no EXR, is cut off, or is compressed, tiled or deep."""
    data = np.fromfile(path, dtype=np.uint8)
    buffer = memoryview(data)
    if len(buffer) < 8:
        raise ValueError("the file is empty or cut off")
    magic, flags = struct.unpack_from("<II", buffer, 0)
    if magic != _MAGIC:
        raise ValueError("not an EXR file")
    if flags & (_TILED | _DEEP):
        raise ValueError("tiled and deep EXR files are not read")
    multi_part = bool(flags & _MULTI_PART)
    try:
        return _read_parts(data, buffer, multi_part)
    except (struct.error, IndexError):
        raise ValueError("the file is cut off") from None


def _read_parts(data: np.ndarray, buffer: memoryview, multi_part: bool) -> ExrImage:
    position, parts = 8, []
    while True:
        part, position = _header(buffer, position)
        parts.append(part)
        if not multi_part:
            break
        if buffer[position] == 0:       # an empty header ends the list
            position += 1
            break
    channels: dict[str, np.ndarray] = {}
    attributes: dict[str, str] = {}
    for part in parts:
        offsets = np.frombuffer(buffer, "<u8", part.chunks, position).astype(np.int64)
        position += 8 * part.chunks
        channels |= _pixels(data, part, offsets, 12 if multi_part else 8)
        attributes |= part.attributes
    return ExrImage(channels, attributes)


def _header(buffer: memoryview, position: int) -> tuple[_Part, int]:
    channels: list[tuple[str, np.dtype]] = []
    attributes: dict[str, str] = {}
    height = width = 0
    while True:
        name, position = _text(buffer, position)
        if not name:
            break
        kind, position = _text(buffer, position)
        size, = struct.unpack_from("<i", buffer, position)
        position += 4
        if name == "channels":
            channels = _channel_list(buffer, position)
        elif name == "compression" and buffer[position] != 0:
            raise ValueError("compressed EXR files are not read")
        elif name == "dataWindow":
            left, top, right, bottom = struct.unpack_from("<4i", buffer, position)
            height, width = bottom - top + 1, right - left + 1
        elif kind == "string":
            attributes[name] = bytes(buffer[position:position + size]).decode("utf-8", "replace")
        position += size
    if not channels or height <= 0 or width <= 0:
        raise ValueError("the EXR file has no pixels")
    return _Part(channels, height, width, attributes, height), position     # uncompressed: one chunk a row


def _text(buffer: memoryview, position: int) -> tuple[str, int]:
    window = bytes(buffer[position:position + 256])     # names have at most 255 bytes
    end = window.find(b"\0")
    if end < 0:
        raise ValueError("the file is cut off")
    return window[:end].decode("utf-8", "replace"), position + end + 1


def _channel_list(buffer: memoryview, position: int) -> list[tuple[str, np.dtype]]:
    channels = []
    while True:
        name, position = _text(buffer, position)
        if not name:
            return channels
        kind, = struct.unpack_from("<i", buffer, position)
        channels.append((name, _TYPES[kind]))
        position += 16


def _pixels(data: np.ndarray, part: _Part, offsets: np.ndarray, chunk_header: int) -> dict[str, np.ndarray]:
    """Each chunk: (part number,) row number, byte count, then one row of every channel in the header's order."""
    row_bytes = sum(dtype.itemsize for _, dtype in part.channels) * part.width
    if offsets.min() <= 0 or offsets.max() + chunk_header + row_bytes > data.size:
        raise ValueError("the file is cut off")
    steps = np.diff(offsets)
    step = int(steps[0]) if steps.size else row_bytes
    if (steps == step).all() and step > 0:      # rows at even distances: a view of the file, nothing is copied
        rows = np.lib.stride_tricks.as_strided(data[offsets[0] + chunk_header:], (part.height, row_bytes), (step, 1))
    else:
        rows = np.stack([data[start + chunk_header:start + chunk_header + row_bytes] for start in offsets])
    channels, column = {}, 0
    for name, dtype in part.channels:
        count = dtype.itemsize * part.width
        channels[name] = _as_type(rows[:, column:column + count], dtype)
        column += count
    return channels


def _as_type(rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if rows.strides[0] % dtype.itemsize == 0 and rows.ctypes.data % dtype.itemsize == 0:
        return rows.view(dtype)
    return np.ascontiguousarray(rows).view(dtype)
