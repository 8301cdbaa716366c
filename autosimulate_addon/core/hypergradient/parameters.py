"""Arithmetic on network parameters: one tensor, or a dictionary of them as ``torch.func.functional_call`` takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast, overload

import torch
from torch import Tensor, nn

Parameters = Tensor | dict[str, Tensor]
#: Maps parameters to a tensor. It is called with the kind of parameters that it was made for.
OfParameters = Callable[[Any], Tensor]


def trainable_parameters(network: nn.Module) -> dict[str, Tensor]:
    """The parameters that training moves, detached. Frozen layers are constants and take no part in any product."""
    return {name: value.detach() for name, value in network.named_parameters() if value.requires_grad}


@overload
def combine(function: Callable[..., Tensor], *operands: Tensor) -> Tensor: ...
@overload
def combine(function: Callable[..., Tensor], *operands: Parameters) -> Parameters: ...
def combine(function: Callable[..., Tensor], *operands: Parameters) -> Parameters:
    """``function`` applied tensor by tensor."""
    if isinstance(operands[0], Tensor):
        return function(*operands)
    by_name = cast("tuple[dict[str, Tensor], ...]", operands)
    return {name: function(*(operand[name] for operand in by_name)) for name in by_name[0]}


def zeros_like(x: Parameters) -> Parameters:
    return combine(torch.zeros_like, x)


def ones_like(x: Parameters) -> Parameters:
    return combine(torch.ones_like, x)


def scale(factor: float, x: Parameters) -> Parameters:
    return combine(lambda t: factor * t, x)


def axpy(factor: float, x: Parameters, y: Parameters) -> Parameters:
    """y + factor * x."""
    return combine(lambda a, b: b + factor * a, x, y)


def dot(x: Parameters, y: Parameters) -> float:
    """The inner product, accumulated in float64 whatever the dtype of the parameters."""
    if isinstance(x, Tensor):
        return torch.dot(x.reshape(-1).double(), cast(Tensor, y).reshape(-1).double()).item()
    other = cast("dict[str, Tensor]", y)
    return math.fsum(dot(x[name], other[name]) for name in x)


def norm(x: Parameters) -> float:
    return math.sqrt(dot(x, x))


def is_finite(x: Parameters) -> bool:
    tensors = [x] if isinstance(x, Tensor) else x.values()
    return all(bool(torch.isfinite(t).all()) for t in tensors)
