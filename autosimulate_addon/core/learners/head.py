"""The convex head as a learner."""

from __future__ import annotations

from torch import Tensor

from ..hypergradient.estimate import Estimate
from ..hypergradient.options import EstimatorOptions
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..renders import RenderStore
from .cross_fitting import cross_fitted
from .pixel_head import PixelHead


class HeadLearner(PixelHead):
    """A PixelHead with the hypergradient that is exact for it."""

    unique = True

    def estimate(self, store: RenderStore, batch: Tensor, psi: Psi, validation: Validation, options: EstimatorOptions,
                 seed: int) -> Estimate:
        return cross_fitted(self, store, batch, psi, validation, options)
