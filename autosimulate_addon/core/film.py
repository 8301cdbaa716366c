"""Everything that happens to light after it was rendered: relighting and the film, differentiable, no new render.

gain mix -> exposure -> white balance -> blur -> sRGB view transform -> contrast -> sensor noise

A factor that is absent does nothing; with none the image is the sum of the layers under Blender's "Standard" view.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..protocol import FILM as FILM_TABLE
from ..protocol import Layer, Render
from ..protocol.vocabulary import film_key
from .randomness import derive_seed, seed_of

EXPOSURE = film_key("exposure")             # stops, size 1
WHITE_BALANCE = film_key("white_balance")   # log2 gain of red and of blue, size 2
BLUR = film_key("blur")                     # standard deviation of a Gaussian in pixels, size 1
CONTRAST = film_key("contrast")             # log2 of a multiplier on the display gamma, size 1
NOISE = film_key("noise")                   # standard deviation in display units (0..1), size 1
FILM = tuple(map(film_key, FILM_TABLE))

#: Rec. 709, of linear red, green and blue.
LUMINANCE = (0.2126, 0.7152, 0.0722)
#: A blur below this many pixels is none (the neighbours' weight is under 1e-21); keeps its gradient finite.
SHARP = 0.1


def develop(layers: Tensor, reference: Tensor, specification: Sequence[Layer], values: Mapping[str, Tensor],
            seeds: Sequence[int] | None = None, relights: int = 1) -> Tensor:
    """Images from rendered layers for given values of the drivers and of the film.

    layers: (B, L, H, W, 3) scene-linear; reference: (B, L, 3), what they were rendered with; specification: what each
    layer is; values: by factor key (B * relights, count, size), the relights of one render one after the other.
    A layer none of whose drivers is in ``values`` is left as it was rendered; keys that are neither drivers nor film
    are ignored. seeds: B * relights numbers that name the sensor noise of each image; needed with NOISE only.

    Returns (B * relights, 3, H, W) float32 in [0, 1], differentiable in ``values``: exactly, so a clipped pixel has no
    gradient, as it has no effect.
    """
    image = mix(layers, gains(reference, specification, values, relights), relights)
    return finish(image, values, seeds)


def gains(reference: Tensor, specification: Sequence[Layer], values: Mapping[str, Tensor], relights: int = 1) -> Tensor:
    """(B * relights, L, 3): the product of each layer's drivers' values over that which it was rendered with."""
    reference = reference.to(torch.float32).repeat_interleave(relights, 0)
    columns = []
    for index, layer in enumerate(specification):
        drivers = [driver for driver in layer.drivers if driver.factor in values]
        if not drivers:
            columns.append(torch.ones_like(reference[:, index]))
            continue
        if len(drivers) < len(layer.drivers):
            raise ValueError(f"layer '{layer.name}': give values for all of its drivers or for none")
        gain = 1 / reference[:, index]
        for driver in drivers:
            gain = gain * values[driver.factor][:, driver.element, :3].to(gain)   # of a colour with alpha: its RGB
        columns.append(gain)
    return torch.stack(columns, 1)


def mix(layers: Tensor, gain: Tensor, relights: int = 1) -> Tensor:
    """(B * relights, 3, H, W) scene-linear: sum_l layers[l] gain[l], one matrix product per render and channel."""
    b, count, height, width, _ = layers.shape
    planes = layers.permute(0, 4, 1, 2, 3).to(torch.float32).reshape(b * 3, count, height * width)
    weights = gain.reshape(b, relights, count, 3).permute(0, 3, 1, 2).reshape(b * 3, relights, count)
    mixed = torch.bmm(weights, planes)                                           # (B 3, M, H W)
    return mixed.reshape(b, 3, relights, height, width).transpose(1, 2).reshape(b * relights, 3, height, width)


def finish(image: Tensor, values: Mapping[str, Tensor], seeds: Sequence[int] | None = None) -> Tensor:
    """The film on scene-linear images (B, 3, H, W); ``values`` and ``seeds`` as in ``develop``."""
    film = {key: values[key][:, 0].to(image) for key in FILM if key in values}   # (B, size)
    if EXPOSURE in film:
        image = image * torch.exp2(film[EXPOSURE])[..., None, None]
    if WHITE_BALANCE in film:
        red, blue = film[WHITE_BALANCE].unbind(1)
        image = image * torch.exp2(torch.stack([red, torch.zeros_like(red), blue], 1))[..., None, None]
    if BLUR in film:
        image = blur(image, film[BLUR][:, 0])
    image = view_transform(image)
    if CONTRAST in film:
        image = power(image, torch.exp2(film[CONTRAST])[..., None, None])
    if NOISE in film:
        if seeds is None:
            raise ValueError(f"{NOISE} needs the seeds of the images")
        image = image + film[NOISE].clamp(min=0)[..., None, None] * sensor_noise(seeds, image)
    return image.clamp(0, 1)


def blur(image: Tensor, sigma: Tensor) -> Tensor:
    """Each image (B, 3, H, W) under a Gaussian of its own sigma (B,) in pixels, edges repeated; separable."""
    sigma = sigma.clamp(min=SHARP)
    height, width = image.shape[-2:]
    radius = min(math.ceil(3 * float(sigma.detach().max())), 4 * max(height, width))
    offsets = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.softmax(-.5 * (offsets / sigma[:, None]) ** 2, 1)             # (B, 2 R + 1)
    image = F.pad(image, (radius, radius, 0, 0), mode="replicate")
    image = _total(kernel[:, i, None, None, None] * image[..., i:i + width] for i in range(len(offsets)))
    image = F.pad(image, (0, 0, radius, radius), mode="replicate")
    return _total(kernel[:, i, None, None, None] * image[..., i:i + height, :] for i in range(len(offsets)))


def _total(terms: Iterable[Tensor]) -> Tensor:
    """The sum of the terms, one after the other: never all of them in memory."""
    return reduce(torch.add, terms)


def view_transform(image: Tensor) -> Tensor:
    """Blender's "Standard" view: clip to [0, 1], then the sRGB transfer function (IEC 61966-2-1)."""
    image = image.clamp(0, 1)
    linear = image <= 0.0031308
    # the branch not taken must have a finite gradient too
    return torch.where(linear, 12.92 * image, 1.055 * image.masked_fill(linear, 1.) ** (1 / 2.4) - 0.055)


def without_view_transform(image: Tensor) -> Tensor:
    """Linear light from an image in [0, 1] under the "Standard" view: ``view_transform`` inverted, but for the clip."""
    return torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)


def power(image: Tensor, exponent: Tensor) -> Tensor:
    """image ** exponent, with no infinite slope at black."""
    black = image < 1e-4
    return torch.where(black, image * 1e-4 ** (exponent - 1), image.masked_fill(black, 1.) ** exponent)


def sensor_noise(seeds: Sequence[int], like: Tensor) -> Tensor:
    """(B, 3, H, W) standard normal numbers, fixed by each image's seed."""
    generator = torch.Generator()
    noise = [torch.randn(like.shape[1:], generator=generator.manual_seed(int(seed))) for seed in seeds]
    return torch.stack(noise).to(like)


def noise_seeds(seed: int, n: int) -> list[int]:
    """n seeds of sensor noise out of one."""
    return [derive_seed(seed, NOISE, index) for index in range(n)]


def develop_uint8(render: Render, values: Mapping[str, np.ndarray] | None = None,
                  layers: Sequence[Layer] = ()) -> np.ndarray:
    """(H, W, 3) uint8: one render under its own film, or under other ``values`` (count, size) of film and drivers.

    ``layers`` says what the render's layers are; without it they are summed as they were rendered.
    """
    values = {**render.draw, **(values or {})}
    specification = tuple(layers) or tuple(Layer(str(index)) for index in range(len(render.layers)))
    image = develop(torch.from_numpy(np.asarray(render.layers))[None], torch.from_numpy(render.reference)[None],
                    specification, {key: torch.as_tensor(value)[None] for key, value in values.items()},
                    [seed_of(render.key, NOISE)])
    return (image[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
