"""What is in the scene: fixed numbers, what is learnable, and what varies without being learnable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...protocol import Draw, SampleKey
from ..randomness import generator

WIDTH, HEIGHT = 32, 24
CLASSES = ("background", "sphere", "cube", "cylinder")
OBJECT_CLASS = (1, 1, 2, 2, 3, 3)             # two objects of each class, of which 2 to 4 in all are there
OBJECTS = len(OBJECT_CLASS)
CLASS_COLOUR = ((.9, .3, .2), (.2, .8, .3), (.3, .3, .9))
LIGHTS = ("key_energy", "fill_energy", "back_energy")
LIGHT_POSITION = ((4., -5., 6.), (-5., -3., 4.), (0., 5., 5.))
SAMPLES = (1, 4, 16, 64)
BOUNCES = (0, 2, 6, 12)
AMBIENT = (0., .5, .85, 1.)                   # ambient light by number of bounces


@dataclass(frozen=True)
class Scenes:
    """A batch of B scenes; float32 unless said otherwise. O objects, of radius ``size``, standing on z = 0."""

    energy: Tensor         # (B, 3)
    location: Tensor       # (B, O, 2)
    metal: Tensor          # (B, O), 0 or 1
    samples: Tensor        # (B,)
    ambient: Tensor        # (B,)
    present: Tensor        # (B, O) bool
    size: Tensor           # (B, O)
    rotation: Tensor       # (B, O) radians about z
    colour: Tensor         # (B, O, 3)
    ground: Tensor         # (B, 3) colour
    camera: Tensor         # (B, 3) location
    noise: Tensor          # (B, H, W, 4) standard normal: brightness, then red, green, blue

    @staticmethod
    def of(draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Scenes:
        """The scenes of some draws; everything that is not learnable follows from the key alone."""
        nuisances = [_nuisances(key) for key in keys]

        def nuisance(name: str) -> Tensor:
            return torch.from_numpy(np.stack([values[name] for values in nuisances]))

        def drawn(name: str) -> np.ndarray:
            return np.stack([draw[name] for draw in draws])

        return Scenes(
            energy=torch.from_numpy(np.concatenate([drawn(name)[..., 0] for name in LIGHTS], 1)).float(),
            location=torch.from_numpy(drawn("location")).float(),
            metal=torch.from_numpy(drawn("metal")[..., 0]).clamp(min=0).float(),
            samples=torch.tensor(SAMPLES, dtype=torch.float32)[drawn("samples")[:, 0, 0]],
            ambient=torch.tensor(AMBIENT)[drawn("bounces")[:, 0, 0]],
            present=nuisance("present"), size=nuisance("size").float(), rotation=nuisance("rotation").float(),
            colour=nuisance("colour").float(), ground=nuisance("ground").float(), camera=nuisance("camera").float(),
            noise=nuisance("noise"))


def _nuisances(key: SampleKey) -> dict[str, np.ndarray]:
    """Number, size, rotation and colour of the objects, ground, camera, and the noise of the render."""
    random = generator(key, "standin")
    present = np.argsort(np.argsort(random.random(OBJECTS))) < random.integers(2, 5)
    own_colour = np.asarray(CLASS_COLOUR)[np.asarray(OBJECT_CLASS) - 1]
    return {
        "present": present,
        "size": .65 + .35 * random.random(OBJECTS),
        "rotation": 2 * np.pi * random.random(OBJECTS),
        "colour": np.clip(.45 * own_colour + .55 * random.random((OBJECTS, 3)), .05, 1),
        "ground": np.clip(.35 + .3 * random.random() + .06 * random.standard_normal(3), .1, 1),
        "camera": np.array([0., -8., 6.]) + .35 * random.standard_normal(3),
        "noise": random.standard_normal((HEIGHT, WIDTH, 4), dtype=np.float32),
    }
