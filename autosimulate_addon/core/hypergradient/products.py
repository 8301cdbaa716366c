"""Products of curvature matrices with vectors, never the matrices themselves.

Each call differentiates afresh, so that no graph lives from one iteration of a solver to the next, unless memory may be
spent on it (``gauss_newton_product``). Networks with an operation that has no forward-mode formula are served by
central differences (``directional_derivative``).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import grad, jvp

from .directional_derivative import central_difference, directional_derivative, lacks_forward_mode
from .parameters import OfParameters, Parameters, combine

#: v -> C v for a symmetric matrix C over the parameters.
Product = Callable[[Parameters], Parameters]


def gradient(loss: OfParameters, parameters: Parameters) -> Parameters:
    """The gradient of the scalar ``loss``."""
    return _pull_back(loss, parameters)[1](None)


def hessian_product(loss: OfParameters, parameters: Parameters) -> Product:
    """v -> H v with H the Hessian of the scalar ``loss``: forward mode over reverse mode (Pearlmutter, 1994)."""

    def product(v: Parameters) -> Parameters:
        try:
            return jvp(grad(loss), (parameters,), (v,))[1]
        except (NotImplementedError, RuntimeError) as error:
            if not lacks_forward_mode(error):
                raise
        return central_difference(lambda p: gradient(loss, p), parameters, v)

    return product


def gauss_newton_product(
    outputs: OfParameters,
    output_curvature: Callable[[Tensor, Tensor], Tensor],
    parameters: Parameters,
    keep_graph: bool = False,
) -> Product:
    """v -> G v with G = J' C J (Schraudolph, 2002): positive semi-definite wherever the loss is convex in the outputs.

    ``outputs`` maps parameters to the network's outputs z, J is its Jacobian. ``output_curvature(z, dz)`` gives C dz,
    with C the Hessian of the loss with respect to z.
    ``keep_graph``: one graph serves all calls: a fifth of the time less, for as much memory as a training step on the
    same images. (Differences instead of forward mode would be faster still, but where a network is far off, as on
    images much darker than it knows, the solution suffers and with it psi.)
    """
    kept = _pull_back(outputs, parameters, keep_graph=True) if keep_graph else None

    def product(v: Parameters) -> Parameters:
        with torch.no_grad():
            tangent, _ = directional_derivative(outputs, parameters, v)
        z, pull_back = kept or _pull_back(outputs, parameters)
        return pull_back(output_curvature(z.detach(), tangent))

    return product


def _pull_back(
    function: OfParameters, parameters: Parameters, keep_graph: bool = False,
) -> tuple[Tensor, Callable[[Tensor | None], Parameters]]:
    """(the value at ``parameters``, u -> J'u). A parameter that takes no part gets a zero."""
    with torch.enable_grad():
        leaves = combine(lambda t: t.detach().requires_grad_(), parameters)
        value = function(leaves)

    def pull(cotangent: Tensor | None) -> Parameters:
        if isinstance(leaves, Tensor):
            return torch.autograd.grad(value, leaves, cotangent, keep_graph, materialize_grads=True)[0]
        found = torch.autograd.grad(value, list(leaves.values()), cotangent, keep_graph, materialize_grads=True)
        return dict(zip(leaves, found, strict=True))

    return value, pull
