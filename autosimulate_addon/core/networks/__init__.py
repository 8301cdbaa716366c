"""Networks that map images (K, 3, H, W) in [0, 1] to class logits (K, classes, H, W)."""

from .build import NETWORKS, build

__all__ = ["NETWORKS", "build"]
