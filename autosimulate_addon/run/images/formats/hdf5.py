"""HDF5 as BlenderProc writes it (Denninger et al., 2023): a file an image, with its maps as data sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from .rendered import Rendered


def write(data: Rendered, folder: Path) -> None:
    """SUBSET/0.hdf5 and so on: colors (H, W, 3) uint8, class_segmaps and instance_segmaps (H, W), and
    instance_attribute_maps, JSON that gives each instance its category; depth and normals where they were rendered.
    """
    import h5py  # only whoever writes it needs it

    for subset, images in data.subsets():
        (folder / subset).mkdir()
        for number, image in enumerate(images):
            pairs = [{"idx": each["instance"], "category_id": each["category_id"],
                      "name": data.classes[each["category_id"]]} for each in image.annotations]
            with h5py.File(folder / subset / f"{number}.hdf5", "w") as file:
                for name, value in (("colors", np.asarray(Image.open(image.path).convert("RGB"))),
                                    ("class_segmaps", image.labels()), ("instance_segmaps", image.instances())):
                    file.create_dataset(name, data=value, compression="gzip")
                for name in ("depth", "normal"):
                    if (value := image.map(name)) is not None:
                        file.create_dataset({"normal": "normals"}.get(name, name), data=value, compression="gzip")
                file.create_dataset("instance_attribute_maps", data=np.bytes_(json.dumps(pairs)))
                file.attrs["name"] = image.name
