"""Validation data: folders of real images with labels, in the formats people have them in.

Needs numpy and Pillow (and pycocotools for COCO), never torch: the window looks into folders with it.
"""

from .dataset import IGNORE, Dataset
from .detect import FORMATS, find_source
from .inspect_folder import Summary, inspect
from .read import read_dataset

__all__ = ["FORMATS", "IGNORE", "Dataset", "Summary", "find_source", "inspect", "read_dataset"]
