"""WebDataset (github.com/webdataset): tar files, in which the files of one image follow each other under its name."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from .rendered import Rendered, RenderedImage

#: Images in one tar file.
SHARD = 1000


def write(data: Rendered, folder: Path) -> None:
    """SUBSET-000000.tar and so on, of NAME.png, NAME.mask.png, NAME.instances.png and NAME.json."""
    for subset, images in data.subsets():
        for number, first in enumerate(range(0, max(1, len(images)), SHARD)):
            with tarfile.open(folder / f"{subset}-{number:06d}.tar", "w") as tar:
                for image in images[first:first + SHARD]:
                    _add(tar, image, data.classes)


def _add(tar: tarfile.TarFile, image: RenderedImage, classes: tuple[str, ...]) -> None:
    described = {**image.record, "classes": classes}
    files = {"png": image.path.read_bytes(),
             "mask.png": (image.folder / "masks" / image.path.name).read_bytes(),
             "instances.png": (image.folder / "instances" / image.path.name).read_bytes(),
             "json": json.dumps(described).encode()}
    for ending, content in files.items():
        entry = tarfile.TarInfo(f"{image.name}.{ending}")       # without owner or time: the same images, the same bytes
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
