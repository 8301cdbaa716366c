"""Our EXR reader against OpenImageIO, and what it refuses."""

import struct

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.render import exr
from autosimulate_addon.blender.render.quiet import quiet
from tests.blender import scenes


def render_to(path, **image_settings):
    scene = scenes.start(samples=1)
    scenes.box("Box", rotation=(0.3, 0.4, 0.5))
    scene.render.resolution_x, scene.render.resolution_y = 33, 21      # odd: rows start at odd places in the file
    layer = scene.view_layers[0]
    layer.use_pass_object_index = layer.use_pass_position = True
    if bpy.app.version >= (5, 0, 0):
        scene.render.image_settings.media_type = "MULTI_LAYER_IMAGE"
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    for name, value in ({"exr_codec": "NONE", "color_depth": "32"} | image_settings).items():
        setattr(scene.render.image_settings, name, value)
    scene.render.filepath, scene.render.use_file_extension = str(path), False
    with quiet():
        bpy.ops.render.render(write_still=True)


@pytest.mark.parametrize("depth", ["16", "32"])
def test_reads_what_openimageio_reads(tmp_path, depth):
    if not hasattr(bpy.utils, "expose_bundled_modules"):
        pytest.skip("this Blender bundles no OpenImageIO")
    bpy.utils.expose_bundled_modules()
    oiio = pytest.importorskip("OpenImageIO")
    path = tmp_path / "image.exr"
    render_to(path, color_depth=depth)
    ours = exr.read(path)
    source = oiio.ImageInput.open(str(path))
    theirs, part = {}, 0
    while source.seek_subimage(part, 0):
        pixels = source.read_image(part, 0, 0, source.spec().nchannels, oiio.FLOAT)
        theirs |= {name: pixels[..., column] for column, name in enumerate(source.spec().channelnames)}
        part += 1
    source.close()
    assert set(ours.channels) == set(theirs) and len(theirs) >= 8
    for name, pixels in theirs.items():
        np.testing.assert_array_equal(ours.channels[name].astype(np.float32), pixels)
    assert ours.find("Combined", components="RGB").shape == (21, 33, 3)


def two_parts(rows=3, columns=2, interleaved=True):
    """A multi-part file as 5.x writes it: a half and a float channel, chunks of the parts interleaved."""
    def attribute(name, kind, value):
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    def header(channel, kind, name):
        channels = channel.encode() + b"\0" + struct.pack("<iBBBBii", kind, 0, 0, 0, 0, 1, 1) + b"\0"
        return (attribute("channels", "chlist", channels) + attribute("compression", "compression", b"\0")
                + attribute("dataWindow", "box2i", struct.pack("<4i", 0, 0, columns - 1, rows - 1))
                + attribute("name", "string", name.encode()) + b"\0")

    half = np.arange(rows * columns, dtype="<f2").reshape(rows, columns)
    full = np.arange(rows * columns, dtype="<f4").reshape(rows, columns) * 10
    start = struct.pack("<II", 20000630, 2 | 1 << 12) + header("L.Half.X", 1, "a") + header("L.Full.X", 2, "b") + b"\0"
    place, chunks, offsets = len(start) + 16 * rows, b"", ([], [])
    order = [(part, row) for row in range(rows) for part in (0, 1)] if interleaved else [
        (part, row) for part in (0, 1) for row in reversed(range(rows))]
    for part, row in order:
        data = (half, full)[part][row].tobytes()
        offsets[part].append((row, place + len(chunks)))
        chunks += struct.pack("<iii", part, row, len(data)) + data
    table = b"".join(struct.pack("<Q", offset) for part in offsets for _, offset in sorted(part))
    return start + table + chunks, half, full


@pytest.mark.parametrize("interleaved", [True, False])
def test_multi_part_with_chunks_in_any_order(tmp_path, interleaved):
    data, half, full = two_parts(interleaved=interleaved)
    (tmp_path / "a.exr").write_bytes(data)
    image = exr.read(tmp_path / "a.exr")
    np.testing.assert_array_equal(image.find("Half")[..., 0], half)
    np.testing.assert_array_equal(image.find("None", "Full")[..., 0], full)
    assert image.find("None") is None


def test_a_file_that_is_cut_off_is_refused_at_every_length(tmp_path):
    data, *_ = two_parts()
    for length in range(0, len(data), 7):
        (tmp_path / "cut.exr").write_bytes(data[:length])
        with pytest.raises(ValueError):
            exr.read(tmp_path / "cut.exr")


def test_a_compressed_file_is_refused(tmp_path):
    render_to(tmp_path / "zip.exr", exr_codec="ZIP")
    with pytest.raises(ValueError, match="compressed"):
        exr.read(tmp_path / "zip.exr")
