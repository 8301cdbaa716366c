"""What lies about on a desk, without any photograph: printed pages, a board of markers, boxes, cups, balls."""

from __future__ import annotations

import bmesh  # of the bpy module: only there once bpy is imported
import bpy
import numpy as np
from mathutils import Matrix

from . import parts


def clouds(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size) noise of mean 0 and std 1 with detail at every scale, as photographs have."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) / frequency ** 1.3).real
    return noise / noise.std()


def picture(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) sRGB in 0..1: like a photograph from afar, two or three colours that flow into each other."""
    first, second = muted(rng), muted(rng)
    mix = 1.0 / (1.0 + np.exp(-2.0 * clouds(rng, size)))[..., None]
    light = 1.0 + 0.3 * clouds(rng, size)[..., None]
    return np.clip((mix * first + (1.0 - mix) * second) * light + 0.04 * clouds(rng, size)[..., None], 0.0, 1.0)


def muted(rng: np.random.Generator) -> np.ndarray:
    """A colour such as things have: seldom very saturated, often dark."""
    return (rng.random(3) * 0.6 + 0.4 * rng.random()) * rng.uniform(0.35, 1.0)


def page(rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """(size, size, 3) sRGB in 0..1: a printed page of pictures, blocks, discs and lines of text."""
    image = picture(rng, size)
    for _ in range(rng.integers(2, 8)):
        color = muted(rng)
        top, left = rng.integers(0, size, 2)
        tall, wide = rng.integers(3, size // 3, 2)
        if rng.random() < 0.5:
            image[top:top + tall, left:left + wide] = color
        else:
            rows, columns = np.ogrid[:size, :size]
            image[(rows - top) ** 2 + (columns - left) ** 2 < (tall / 2) ** 2] = color
    top, left = rng.integers(0, size // 2, 2)
    for line in range(rng.integers(0, 14)):
        row = top + 3 * line
        ink = rng.random(size // 2) < 0.7
        image[row:row + 1, left:left + size // 2][:, ink] = 0.1 if image[row % size, left].mean() > 0.5 else 0.9
    return image


def marker_board(rng: np.random.Generator, cells: int = 6, cell: int = 40) -> np.ndarray:
    """(cells * cell, cells * cell, 3) sRGB: white, a ring of black squares with white glyphs, pages in the middle."""
    size = cells * cell
    image = np.ones((size, size, 3)) * 0.93
    middle = size - 2 * cell
    image[cell:-cell, cell:-cell] = page(rng, middle)
    edge = cell // 7
    for row in range(cells):
        for column in range(cells):
            if row not in (0, cells - 1) and column not in (0, cells - 1):
                continue
            top, left = row * cell + edge, column * cell + edge
            square = image[top:top + cell - 2 * edge, left:left + cell - 2 * edge]
            square[:] = 0.06
            glyph = np.kron(rng.random((3, 3)) < 0.5, np.ones((5, 5)))
            square[6:21, 6:21][glyph > 0] = 0.93
    return image


def wall(rng: np.random.Generator, height: int = 96, width: int = 512) -> np.ndarray:
    """(height, width, 3) sRGB: a dim office going round, grey-blue walls with darker furniture and bright screens."""
    image = np.ones((height, width, 3)) * (0.42, 0.45, 0.5)
    for _ in range(60):
        left, wide = rng.integers(0, width), rng.integers(6, 60)
        top, tall = rng.integers(0, height), rng.integers(6, height // 2)
        grey = rng.random() * 0.75
        image[top:top + tall, left:left + wide] = np.clip(grey + 0.12 * rng.standard_normal(3), 0.0, 1.0)
    for _ in range(8):
        left, top = rng.integers(0, width - 40), rng.integers(20, height - 30)
        image[top:top + 24, left:left + 36] = np.clip(1.3 * picture(rng, 36)[:24], 0.0, 1.0)
    return image


def image_material(name: str, pixels: np.ndarray, roughness: float = 0.4, emission: float = 0.0) -> bpy.types.Material:
    """A material that shows the image (H, W, 3), first row at the top; the image is packed into the file."""
    height, width = pixels.shape[:2]
    picture = bpy.data.images.new(name, width, height)
    with_alpha = np.ones((height, width, 4), dtype=np.float32)
    with_alpha[..., :3] = pixels[::-1]
    picture.pixels.foreach_set(with_alpha.ravel())
    picture.pack()
    made, shader = parts.material(name)
    texture = made.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = picture
    made.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = roughness
    if emission:
        made.node_tree.links.new(texture.outputs["Color"], shader.inputs["Emission Color"])
        shader.inputs["Emission Strength"].default_value = emission
    return made


def noise_material(name: str, dark: tuple[float, ...], light: tuple[float, ...], scale: float) -> bpy.types.Material:
    """A material that wavers between two colours (wood, carpet)."""
    made, shader = parts.material(name)
    tree = made.node_tree
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    stretch = tree.nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = (0.15, 1.0, 1.0)
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = (*dark, 1.0), (*light, 1.0)
    tree.links.new(coordinates.outputs["Object"], stretch.inputs["Vector"])
    tree.links.new(stretch.outputs["Vector"], noise.inputs["Vector"])
    tree.links.new(noise.outputs[0], ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = 0.5
    return made


def colored_material(name: str, roughness: float) -> bpy.types.Material:
    """Takes its colour from the object."""
    made, shader = parts.material(name)
    color = made.node_tree.nodes.new("ShaderNodeObjectInfo")
    made.node_tree.links.new(color.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = roughness
    return made


def sheet(name: str, width: float, depth: float) -> bpy.types.Mesh:
    """A rectangle in the xy plane whose image fills it."""
    def make(shape: bmesh.types.BMesh) -> None:
        bmesh.ops.create_grid(shape, x_segments=1, y_segments=1, size=0.5, calc_uvs=True,
                              matrix=Matrix.Diagonal((width, depth, 1.0, 1.0)))
    return _with_uv(name, make)


def box(name: str, width: float, depth: float, height: float) -> bpy.types.Mesh:
    """A box that stands on z = 0."""
    def make(shape: bmesh.types.BMesh) -> None:
        bmesh.ops.create_cube(shape, size=1.0, calc_uvs=True, matrix=Matrix.Translation((0, 0, height / 2))
                              @ Matrix.Diagonal((width, depth, height, 1.0)))
    return _with_uv(name, make)


def cone(name: str, bottom: float, top: float, height: float, capped: bool = True) -> bpy.types.Mesh:
    """A cup, bowl or can that stands on z = 0; open at the top unless ``capped``."""
    def make(shape: bmesh.types.BMesh) -> None:
        bmesh.ops.create_cone(shape, cap_ends=capped, segments=32, radius1=bottom, radius2=top, depth=height,
                              calc_uvs=True, matrix=Matrix.Translation((0, 0, height / 2)))
    return _with_uv(name, make)


def ball(name: str, radius: float) -> bpy.types.Mesh:
    """A ball that lies on z = 0."""
    return parts.mesh(name, lambda shape: bmesh.ops.create_uvsphere(
        shape, u_segments=24, v_segments=12, radius=radius, matrix=Matrix.Translation((0, 0, radius))), smooth=True)


def _with_uv(name: str, make) -> bpy.types.Mesh:
    def with_layer(shape: bmesh.types.BMesh) -> None:
        shape.loops.layers.uv.new("UVMap")      # calc_uvs fills a layer that is there, and makes none
        make(shape)
    return parts.mesh(name, with_layer)
