"""C: the curvature of the training loss, as products with vectors."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.func import functional_call

from ..tasks.task import Task, mean_loss_of
from .chunks import images_at_once
from .parameters import OfParameters, Parameters, combine, scale
from .products import Product, gauss_newton_product, hessian_product


def training_curvature(task: Task, network: nn.Module, theta: Parameters, images: Tensor, targets: Tensor,
                       curvature: str, chunk: int | None = None) -> Product:
    """v -> C v of the mean loss over these images, with C the Gauss-Newton matrix "ggn" or the "hessian"."""
    products = []
    chunk = chunk or images_at_once(*images.shape[-2:])
    for x, y in zip(images.split(chunk), targets.split(chunk), strict=True):
        if curvature == "ggn":
            product = gauss_newton_product(_outputs(network, x), _output_curvature(task, y), theta,
                                           keep_graph=len(images) <= chunk)
        elif curvature == "hessian":
            product = hessian_product(mean_loss_of(task, network, x, y), theta)
        else:
            raise ValueError(f"Unknown curvature {curvature!r}; it is ggn or hessian")
        products.append((len(x) / len(images), product))
    return lambda v: combine(lambda *parts: sum(parts), *[scale(share, product(v)) for share, product in products])


def _outputs(network: nn.Module, images: Tensor) -> OfParameters:
    return lambda theta: functional_call(network, theta, (images,))


def _output_curvature(task: Task, targets: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, tangent: task.curvature(z, tangent, targets)
