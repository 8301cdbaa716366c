"""The penalty-reduced focal loss of heat maps, cell by cell (Zhou et al., Objects as Points, 2019, equation 1).

    -(1 - p)^focus log p                        in the cell of a centre, p = sigmoid(z)
    -(1 - y)^4 p^focus log(1 - p)               elsewhere, y the Gaussians around the centres

With ``focus`` 0 it is a weighted logistic loss, which is convex in z.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_REDUCTION = 4


def focal_loss(z: Tensor, heat: Tensor, focus: float) -> Tensor:
    """In the shape of ``z``; ``heat`` likewise."""
    u = torch.where(heat == 1, z, -z)           # a centre is to have z up, any other cell down
    loss = weights(heat) * F.softplus(-u)     # -log sigmoid(u), which has no forward mode of its own
    return loss * torch.sigmoid(-u) ** focus if focus else loss


def focal_curvature(z: Tensor, heat: Tensor, focus: float) -> Tensor:
    """The second derivative where it is positive, else 0.

    Cells do not know of each other, so that the Hessian is diagonal, and this the positive semi-definite matrix nearest
    to it. It is negative only where p is below .08 in a centre (focus 2), or above .92 in a cell far from all.
    """
    u = torch.where(heat == 1, z, -z)
    s, q, cost = torch.sigmoid(u), torch.sigmoid(-u), F.softplus(-u)
    second = s * q ** focus * ((2 * focus + 1) * q + focus * cost * (focus * s - q))
    return weights(heat) * second.clamp(min=0)


def weights(heat: Tensor) -> Tensor:
    """(1 - y)^4, and 1 in the cells of centres."""
    return torch.where(heat == 1, 1.0, (1 - heat) ** _REDUCTION)
