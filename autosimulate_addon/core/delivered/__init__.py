"""The network that a person takes home: a module from images to decided outputs, its files, its use on photographs."""

from .network import DeliveredNetwork, empty_network

__all__ = ["DeliveredNetwork", "empty_network"]
