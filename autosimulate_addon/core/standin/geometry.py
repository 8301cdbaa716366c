"""Rays against spheres, upright cubes and upright cylinders, batched.

A ray is an origin and a direction of length 1, each (..., 3); distances are along it, ``FAR`` for a miss.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .scene import OBJECT_CLASS, Scenes

FAR = 1e9
NEAR = 1e-3
SPHERE, CUBE, CYLINDER = ([index for index, kind in enumerate(OBJECT_CLASS) if kind == number] for number in (1, 2, 3))


def _inverse(x: Tensor) -> Tensor:
    return 1 / torch.where(x.abs() < 1e-6, 1e-6, x)


def _slab(origin: Tensor, direction: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """Where a ray enters and leaves -half <= x <= half along one axis."""
    inverse = _inverse(direction)
    a, b = (-half - origin) * inverse, (half - origin) * inverse
    return torch.minimum(a, b), torch.maximum(a, b)


def sphere(origin: Tensor, direction: Tensor, radius: Tensor) -> Tensor:
    """Origin relative to the centre; radius (...)."""
    b = (origin * direction).sum(-1)
    discriminant = b ** 2 - (origin ** 2).sum(-1) + radius ** 2
    t = -b - discriminant.clamp(min=0).sqrt()
    return torch.where((discriminant > 0) & (t > NEAR), t, FAR)


def cube(origin: Tensor, direction: Tensor, half: Tensor) -> Tensor:
    """In the cube's own axes; half its edge (...)."""
    enter, leave = _slab(origin, direction, half[..., None])
    enter, leave = enter.amax(-1), leave.amin(-1)
    return torch.where((enter < leave) & (enter > NEAR), enter, FAR)


def cylinder(origin: Tensor, direction: Tensor, radius: Tensor) -> Tensor:
    """About z; the radius is also half the height (...)."""
    o, d = origin[..., :2], direction[..., :2]
    a, b, c = (d ** 2).sum(-1).clamp(min=1e-9), (o * d).sum(-1), (o ** 2).sum(-1) - radius ** 2
    discriminant = b ** 2 - a * c
    root = discriminant.clamp(min=0).sqrt()
    bottom, top = _slab(origin[..., 2], direction[..., 2], radius)
    enter, leave = torch.maximum((-b - root) / a, bottom), torch.minimum((-b + root) / a, top)
    return torch.where((discriminant > 0) & (enter < leave) & (enter > NEAR), enter, FAR)


def turn(vector: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turned about z by the angle with this cosine and sine; broadcasts."""
    x, y, z = vector.unbind(-1)
    return torch.stack(torch.broadcast_tensors(cosine * x - sine * y, sine * x + cosine * y, z), -1)


def centres(scenes: Scenes) -> Tensor:
    """(B, O, 3)."""
    return torch.cat([scenes.location, scenes.size[..., None]], -1)


def hit_objects(scenes: Scenes, origin: Tensor, direction: Tensor) -> Tensor:
    """(B, O, P) distances from rays (B, P, 3) to every object that is there."""
    relative = origin[:, None] - centres(scenes)[:, :, None]           # (B, O, P, 3)
    ray = direction[:, None]
    radius = scenes.size[..., None]
    cosine, sine = scenes.rotation[:, CUBE, None].cos(), scenes.rotation[:, CUBE, None].sin()
    distances = torch.empty(relative.shape[:3])
    distances[:, SPHERE] = sphere(relative[:, SPHERE], ray, radius[:, SPHERE])
    distances[:, CUBE] = cube(turn(relative[:, CUBE], cosine, -sine), turn(ray, cosine, -sine), radius[:, CUBE])
    distances[:, CYLINDER] = cylinder(relative[:, CYLINDER], ray, radius[:, CYLINDER])
    return distances.masked_fill_(~scenes.present[..., None], FAR)


def normals(scenes: Scenes, point: Tensor, index: Tensor) -> Tensor:
    """(B, P, 3) surface normals at points (B, P, 3) of the objects ``index`` (B, P)."""
    def own(values: Tensor) -> Tensor:
        return values.gather(1, index)

    local = point - centres(scenes).gather(1, index[..., None].expand(-1, -1, 3))
    radius = own(scenes.size)[..., None]
    kind = torch.tensor(OBJECT_CLASS)[index][..., None]
    cosine, sine = own(scenes.rotation.cos()), own(scenes.rotation.sin())
    turned = turn(local, cosine, -sine)
    face = torch.nn.functional.one_hot(turned.abs().argmax(-1), 3) * turned.sign()
    flat = local * torch.tensor([1., 1., 0.])
    side = flat / flat.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    cap = torch.tensor([0., 0., 1.]) * local.sign()
    on_cap = local[..., 2:].abs() > radius * .995
    return torch.where(kind == 1, local / radius,
                       torch.where(kind == 2, turn(face, cosine, sine), torch.where(on_cap, cap, side)))
