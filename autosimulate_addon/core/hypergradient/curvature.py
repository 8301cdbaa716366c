"""C: the curvature of the training loss, as products with vectors."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..tasks.task import Task
from .chunks import images_at_once
from .model import Model, mean_loss_of
from .parameters import OfParameters, Parameters, combine, scale
from .products import Product, gauss_newton_product, hessian_product


def training_curvature(task: Task, model: Model, theta: Parameters, images: Tensor, targets: Tensor,
                       curvature: str) -> Product:
    """v -> C v of the training loss over these images, with C the Gauss-Newton matrix "ggn" or the "hessian".

    A regulariser counts with its own Hessian in both.
    """
    products = []
    chunk = images_at_once(*images.shape[-2:])
    for x, y in zip(images.split(chunk), targets.split(chunk), strict=True):
        if curvature == "ggn":
            product = gauss_newton_product(_outputs(model, x), _output_curvature(task, y), theta,
                                           keep_graph=len(images) <= chunk)
        elif curvature == "hessian":
            product = hessian_product(mean_loss_of(task, model, x, y), theta)
        else:
            raise ValueError(f"Unknown curvature {curvature!r}; it is ggn or hessian")
        products.append((len(x) / len(images), product))
    products.append((1.0, hessian_product(model.regulariser, theta)))
    return lambda v: combine(lambda *parts: sum(parts), *[scale(share, product(v)) for share, product in products])


def _outputs(model: Model, images: Tensor) -> OfParameters:
    return lambda theta: model.outputs(theta, images)


def _output_curvature(task: Task, targets: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, tangent: task.curvature(z, tangent, targets)
