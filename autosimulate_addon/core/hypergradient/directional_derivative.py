"""w_k = v . grad_theta l(r(s_k), theta): how training on image k moves the loss that v stands for.

All of them come from one pass over the vector of per-sample losses, in forward mode or by a central difference along
v: no per-sample gradient is formed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from torch import Tensor
from torch.func import jvp

from .parameters import OfParameters, Parameters, axpy, combine, norm, zeros_like

FORWARD_MODE = "forward-mode"
FINITE_DIFFERENCE = "finite-difference"


def directional_derivative(
    losses: OfParameters,
    parameters: Parameters,
    vector: Parameters,
) -> tuple[Tensor, str]:
    """(derivative of ``losses`` along ``vector``, the method that was used): see ``value_and_derivative``."""
    return value_and_derivative(losses, parameters, vector)[1:]


def value_and_derivative(
    losses: OfParameters,
    parameters: Parameters,
    vector: Parameters,
    method: str = FORWARD_MODE,
) -> tuple[Tensor, Tensor, str]:
    """(``losses`` at ``parameters``, their derivative along ``vector``, the method that was used).

    ``losses`` maps parameters to a tensor of any shape: (K,) per sample, (K, H, W) per pixel. Inputs of the network
    that require gradients keep them, so that the results can be differentiated with respect to the images.
    FORWARD_MODE is exact. FINITE_DIFFERENCE is two plain passes, in half the time (with gradients, in less), and takes
    its place where an operation of the network has no forward-mode formula.
    """
    if method == FORWARD_MODE:
        try:
            return *jvp(losses, (parameters,), (vector,)), FORWARD_MODE
        except (NotImplementedError, RuntimeError) as error:
            if not lacks_forward_mode(error):
                raise
    return *_either_side(losses, parameters, vector), FINITE_DIFFERENCE


def central_difference(function: Callable[[Any], Parameters], parameters: Parameters,
                       vector: Parameters) -> Parameters:
    """(f(theta + h v) - f(theta - h v)) / 2h."""
    return _either_side(function, parameters, vector)[1]


@overload
def _either_side(function: OfParameters, parameters: Parameters, vector: Parameters) -> tuple[Tensor, Tensor]: ...
@overload
def _either_side(function: Callable[[Any], Parameters], parameters: Parameters,
                 vector: Parameters) -> tuple[Parameters, Parameters]: ...
def _either_side(function: Callable[[Any], Parameters], parameters: Parameters,
                 vector: Parameters) -> tuple[Parameters, Parameters]:
    """(value, derivative) from theta + h v and theta - h v, both to O(h^2).

    h |v| is near the cube root of the dtype's precision times |theta|. In float32 on a trained U-Net w is then right
    to .3 %; a smaller h makes its gradient by the images noisier, where max-pooling changes its mind in between.
    """
    length = norm(vector)
    if length == 0.0:
        value = function(parameters)
        return value, zeros_like(value)
    first = parameters if isinstance(parameters, Tensor) else next(iter(parameters.values()))
    precision = 2.0 ** (-9 if first.element_size() < 8 else -17)
    h = precision * max(1.0, norm(parameters)) / length
    ahead, behind = function(axpy(h, vector, parameters)), function(axpy(-h, vector, parameters))
    return (combine(lambda a, b: (a + b) / 2.0, ahead, behind),
            combine(lambda a, b: (a - b) / (2.0 * h), ahead, behind))


def lacks_forward_mode(error: Exception) -> bool:
    """Whether ``error`` is torch's way of saying that an operation has no forward-mode formula."""
    text = str(error).lower()
    return any(words in text for words in ("forward ad", "forward mode ad", "forward-mode ad", "jvp"))
