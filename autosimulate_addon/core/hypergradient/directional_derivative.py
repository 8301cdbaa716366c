"""w_k = v . grad_theta l(r(s_k), theta): how training on image k moves the loss that v stands for.

All of them come from one forward-mode pass over the vector of per-sample losses: no per-sample gradient is formed.
"""

from __future__ import annotations

from typing import Callable

from torch import Tensor
from torch.func import jvp

from .parameters import Parameters, axpy, combine, norm, zeros_like

FORWARD_MODE = "forward-mode"
FINITE_DIFFERENCE = "finite-difference"


def directional_derivative(
    losses: Callable[[Parameters], Tensor],
    parameters: Parameters,
    vector: Parameters,
) -> tuple[Tensor, str]:
    """(derivative of ``losses`` along ``vector``, the method that was used).

    ``losses`` maps parameters to a tensor of any shape: (K,) per sample, (K, H, W) per pixel. Inputs of the network
    that require gradients keep them, so that the result can be differentiated with respect to the images.
    An operation without a forward-mode formula makes it a central finite difference: two plain forward passes.
    """
    try:
        return jvp(losses, (parameters,), (vector,))[1], FORWARD_MODE
    except (NotImplementedError, RuntimeError) as error:
        if not lacks_forward_mode(error):
            raise
    return central_difference(losses, parameters, vector), FINITE_DIFFERENCE


def central_difference(function: Callable[[Parameters], Parameters], parameters: Parameters,
                       vector: Parameters) -> Parameters:
    """(f(theta + h v) - f(theta - h v)) / 2h, with h |v| near the cube root of the dtype's precision times |theta|."""
    length = norm(vector)
    if length == 0.0:
        return zeros_like(function(parameters))
    first = parameters if isinstance(parameters, Tensor) else next(iter(parameters.values()))
    precision = 2.0 ** (-8 if first.element_size() < 8 else -17)
    h = precision * max(1.0, norm(parameters)) / length
    return combine(lambda ahead, behind: (ahead - behind) / (2.0 * h),
                   function(axpy(h, vector, parameters)), function(axpy(-h, vector, parameters)))


def lacks_forward_mode(error: Exception) -> bool:
    """Whether ``error`` is torch's way of saying that an operation has no forward-mode formula."""
    text = str(error).lower()
    return any(words in text for words in ("forward ad", "forward mode ad", "forward-mode ad", "jvp"))
