"""What the camera sees: radiance split by light, labels, instances."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from .geometry import FAR, hit_objects, normals
from .scene import HEIGHT, LIGHT_POSITION, OBJECT_CLASS, WIDTH, Scenes

LOOK_AT = (0., 0., .3)
HALF_WIDTH = .40              # tangent of half the horizontal angle of view
HORIZON = 40.
FALL_OFF = 50 * .12           # radiance at distance 1 of a light of energy 1
AMBIENT_SHARE = .12 * .35     # ambient radiance of a light of energy 1, all bounces


class Picture(NamedTuple):
    layers: Tensor       # (B, 3 lights, H, W, 3) scene-linear
    labels: Tensor       # (B, H, W) class index
    instances: Tensor    # (B, H, W) 1 + object index, 0 is none


def camera_rays(scenes: Scenes) -> tuple[Tensor, Tensor]:
    """Origins and directions (B, P, 3) through the pixels' centres, row by row from the top left."""
    forward = normalize(torch.tensor(LOOK_AT) - scenes.camera, dim=-1)
    right = normalize(torch.linalg.cross(forward, torch.tensor([0., 0., 1.]).expand_as(forward)), dim=-1)
    up = torch.linalg.cross(right, forward)
    x = ((torch.arange(WIDTH) + .5) / WIDTH * 2 - 1) * HALF_WIDTH
    y = (1 - (torch.arange(HEIGHT) + .5) / HEIGHT * 2) * HALF_WIDTH * HEIGHT / WIDTH
    y, x = (grid.reshape(1, -1, 1) for grid in torch.meshgrid(y, x, indexing="ij"))
    direction = normalize(forward[:, None] + x * right[:, None] + y * up[:, None], dim=-1)
    return scenes.camera[:, None].expand_as(direction), direction


def look(scenes: Scenes) -> Picture:
    """Direct light with shadows, one reflection of the surroundings on metal, ambient light, render noise.

    Everything is linear in the energies, so each light has an image of its own.
    """
    origin, direction = camera_rays(scenes)
    distance, index = hit_objects(scenes, origin, direction).min(1)
    down = direction[..., 2]
    to_ground = torch.where(down < -1e-4, -origin[..., 2] / down, FAR)
    on_ground = (to_ground < distance) & (to_ground < HORIZON)
    on_object = (distance < to_ground) & (distance < FAR / 10)
    surface = (on_ground | on_object)[..., None]

    point = origin + torch.where(on_object, distance, to_ground.clamp(max=HORIZON))[..., None] * direction
    normal = torch.where(on_object[..., None], normals(scenes, point, index), torch.tensor([0., 0., 1.]))
    colour = torch.where(on_object[..., None], scenes.colour.gather(1, index[..., None].expand(-1, -1, 3)),
                         scenes.ground[:, None])
    metal = torch.where(on_object, scenes.metal.gather(1, index), 0.)[..., None]
    reflected = direction - 2 * (direction * normal).sum(-1, keepdim=True) * normal
    upwards = reflected[..., 2:]

    layers = []
    for light, position in enumerate(LIGHT_POSITION):
        energy = scenes.energy[:, light, None, None]
        diffuse, highlight = _direct(scenes, point, normal, reflected, torch.tensor(position))
        ambient = energy * AMBIENT_SHARE * scenes.ambient[:, None, None]
        surroundings = ambient * torch.where(upwards < 0, .8, 1.6 * (.6 * upwards.clamp(min=0) + .4))
        matte = energy * diffuse + ambient
        polished = .05 * energy * diffuse + surroundings
        shaded = colour * ((1 - metal) * matte + metal * polished)
        shaded = shaded + energy * highlight * (.1 + .9 * metal) * (1 - metal + metal * colour)
        layers.append(torch.where(surface, shaded, .5 * ambient))
    radiance = torch.stack(layers, 1).unflatten(2, (HEIGHT, WIDTH))

    label = torch.where(on_object, torch.tensor(OBJECT_CLASS)[index], 0)
    instance = torch.where(on_object, index + 1, 0)
    return Picture(noisy(scenes, radiance), *(mask.unflatten(1, (HEIGHT, WIDTH)) for mask in (label, instance)))


def _direct(scenes: Scenes, point: Tensor, normal: Tensor, reflected: Tensor, position: Tensor
            ) -> tuple[Tensor, Tensor]:
    """Diffuse and specular light (B, P, 1) from one point light of energy 1, 0 in its shadow."""
    start = point + 2e-3 * normal
    to_light = position - start
    distance = to_light.norm(dim=-1)
    to_light = to_light / distance[..., None]
    lit = hit_objects(scenes, start, to_light).amin(1) >= distance
    arriving = (FALL_OFF / distance ** 2 * lit)[..., None]
    diffuse = (normal * to_light).sum(-1, keepdim=True).clamp(min=0)
    highlight = 2 * (reflected * to_light).sum(-1, keepdim=True).clamp(min=0) ** 24
    return arriving * diffuse, arriving * highlight


def noisy(scenes: Scenes, radiance: Tensor) -> Tensor:
    """Monte-Carlo noise, falling with the square root of the samples; mostly in proportion to the light itself.

    The same random numbers in every layer, and linear in it: mixing noisy layers mixes the noise.
    """
    scale = scenes.samples.rsqrt()[:, None, None, None, None]
    brightness, colour = scenes.noise[:, None, ..., :1], scenes.noise[:, None, ..., 1:]
    everywhere = radiance.mean((2, 3), keepdim=True)
    return radiance * (1 + scale * (.55 * brightness + .15 * colour)) + scale * .10 * everywhere * colour
