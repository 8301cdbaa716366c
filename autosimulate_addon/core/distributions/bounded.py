"""Beta on [low, high]."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Beta

from ...protocol import Factor, InputError
from ...protocol.moments import beta_concentration
from .bounds import Bounds
from .family import Family

#: Draws keep this far inside (0, 1), so that log q and the score are finite.
MARGIN = 1e-9


class BoundedFamily(Family):
    """x = low + (high - low) y, y ~ Beta(m k, (1 - m) k). phi = (logit m, log k), each (size,).

    The Fisher information of (alpha, beta) is [[t(alpha) - t(k), -t(k)], [-t(k), t(beta) - t(k)]] with t the trigamma
    function and k = alpha + beta; it is carried to phi by the chain rule and factored by Cholesky per component, so
    the first whitened coordinate moves the mean at a fixed concentration.
    log q is the density of y: the constant factor high - low never changes and is left out.
    """

    def __init__(self, factor: Factor, bounds: Bounds):
        super().__init__(factor, bounds)
        if factor.low is None or factor.high is None:
            raise InputError(f"'{factor.key}' is bounded: give its low and its high.")
        self.low, self.high = (
            torch.from_numpy(np.broadcast_to(np.asarray(limit, dtype=np.float64), (factor.size,)).copy())
            for limit in (factor.low, factor.high))
        if not bool(((self.low < self.high) & (self.high - self.low).isfinite()).all()):
            raise InputError(f"low of '{factor.key}' must be below its high, and both finite.")
        start = torch.tensor(self.to_plain(self.to_phi(factor.start))["std"], dtype=torch.float64)
        start = start / (self.high - self.low)
        self.std_floor, self.std_ceiling = start * bounds.std_floor, start * bounds.std_ceiling
        self.least_mean = self._least_mean()

    @property
    def coordinates(self) -> tuple[str, ...]:
        return ("mean",) * self.factor.size + ("std",) * self.factor.size

    @property
    def is_scale(self) -> tuple[bool, ...]:
        return (False,) * self.factor.size + (True,) * self.factor.size

    def to_phi(self, plain: Mapping[str, object]) -> Tensor:
        """A spread too wide for its mean becomes the widest one with alpha, beta >= ``bounds.concentration``."""
        mean, std = (torch.from_numpy(values) for values in self.moments(plain))
        if not bool(((mean > self.low) & (mean < self.high)).all()):
            raise InputError(f"mean of '{self.factor.key}' must be between its low and its high.")
        m = (mean - self.low) / (self.high - self.low)
        k = beta_concentration(m, std / (self.high - self.low))
        return torch.cat([m.logit(), torch.maximum(k, self._least_concentration(m)).log()])

    def _least_concentration(self, m: Tensor) -> Tensor:
        return self.bounds.concentration / torch.minimum(m, 1 - m)

    def to_plain(self, phi: Tensor) -> dict[str, list[float]]:
        logit, log_k = phi.chunk(2)
        m, width = logit.sigmoid(), self.high - self.low
        std = (m * (1 - m) / (1 + log_k.exp())).sqrt()
        return {"mean": (self.low + width * m).tolist(), "std": (width * std).tolist()}

    def distribution(self, phi: Tensor) -> Beta:
        """Of y in (0, 1)."""
        logit, log_k = phi.chunk(2, -1)
        return Beta(logit.sigmoid() * log_k.exp(), (-logit).sigmoid() * log_k.exp(), validate_args=False)

    def sample(self, phi: Tensor, n: int) -> Tensor:
        y = self.distribution(phi.expand(n, -1)[:, None].expand(-1, self.factor.count, -1)).rsample()
        return self.low + (self.high - self.low) * y.clamp(MARGIN, 1 - MARGIN)

    def _unit(self, draws: Tensor) -> tuple[Tensor, Tensor]:
        """y, with 1/2 where absent, and whether present."""
        present = draws.isfinite().all(-1, keepdim=True)
        y = ((draws - self.low) / (self.high - self.low)).clamp(MARGIN, 1 - MARGIN)
        return torch.where(present, y, .5), present

    def log_prob(self, phi: Tensor, draws: Tensor) -> Tensor:
        y, present = self._unit(draws)
        return torch.where(present, self.distribution(phi).log_prob(y), 0.).sum(-1)

    def score(self, phi: Tensor, draws: Tensor) -> Tensor:
        y, present = self._unit(draws)
        alpha, beta, slope, (l11, l21, l22) = self._whitening(phi)
        of_k = torch.digamma(alpha + beta)
        of_alpha, of_beta = y.log() - torch.digamma(alpha) + of_k, torch.log1p(-y) - torch.digamma(beta) + of_k
        of_mean = slope * (of_alpha - of_beta) / l11                # L^-1 J^T score, by forward substitution
        of_std = (alpha * of_alpha + beta * of_beta - l21 * of_mean) / l22
        return torch.where(present, torch.cat([of_mean, of_std], -1), 0.) / math.sqrt(self.factor.count)

    def move(self, phi: Tensor, u: Tensor) -> Tensor:
        _, _, _, (l11, l21, l22) = self._whitening(phi)
        along_mean, along_std = u.chunk(2, -1)
        d_log_k = along_std / l22                                   # L^-T u, by back substitution
        d_logit = (along_mean - l21 * d_log_k) / l11
        return phi + torch.cat([d_logit, d_log_k], -1) / math.sqrt(self.factor.count)

    def _whitening(self, phi: Tensor) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """alpha, beta, d alpha / d logit m (= -d beta / d logit m), and the Cholesky factor of one value's Fisher."""
        beta_distribution = self.distribution(phi)
        alpha, beta = beta_distribution.concentration1, beta_distribution.concentration0
        slope = alpha * beta / (alpha + beta)
        t_alpha, t_beta, t_k = (torch.polygamma(1, x) for x in (alpha, beta, alpha + beta))
        f11 = slope ** 2 * (t_alpha + t_beta)
        f12 = slope * (alpha * t_alpha - beta * t_beta)
        f22 = alpha ** 2 * t_alpha + beta ** 2 * t_beta - (alpha + beta) ** 2 * t_k
        l11 = f11.sqrt()
        l21 = f12 / l11
        return alpha, beta, slope, (l11, l21, (f22 - l21 ** 2).clamp(min=1e-12).sqrt())

    def _least_mean(self) -> Tensor:
        """The m nearest to 0 (and 1 - m to 1) at which the least concentrations still leave the least spread.

        Solves m (1 - m) / (1 + c / m) = floor^2 by bisection; the left side grows with m up to 1/2.
        """
        low, high = torch.zeros_like(self.std_floor), torch.full_like(self.std_floor, .5)
        for _ in range(50):
            m = (low + high) / 2
            enough = m * (1 - m) / (1 + self._least_concentration(m)) >= self.std_floor ** 2
            low, high = torch.where(enough, low, m), torch.where(enough, m, high)
        return high

    def clamp(self, phi: Tensor) -> Tensor:
        logit, log_k = phi.chunk(2)
        logit = torch.minimum(torch.maximum(logit, self.least_mean.logit()), -self.least_mean.logit())
        m = logit.sigmoid()
        widest = torch.maximum(self._least_concentration(m), m * (1 - m) / self.std_ceiling ** 2 - 1)
        narrowest = torch.maximum(m * (1 - m) / self.std_floor ** 2 - 1, widest)
        return torch.cat([logit, torch.minimum(torch.maximum(log_k, widest.log()), narrowest.log())])
