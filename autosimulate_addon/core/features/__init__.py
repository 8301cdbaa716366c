"""What images look like to an encoder that nobody trains here: features, and their statistics."""

from .encoder import ENCODERS, Encoder, make_encoder
from .statistics import feature_groups, image_statistics

__all__ = ["ENCODERS", "Encoder", "feature_groups", "image_statistics", "make_encoder"]
