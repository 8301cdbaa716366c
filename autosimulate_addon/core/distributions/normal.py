"""Normal and log-normal, clipped to limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, LogNormal, Normal
from torch.special import log_ndtr

from ...protocol import LARGEST, WIDEST_RATIO, Factor, InputError
from ...protocol.moments import lognormal_parameters
from .bounds import Bounds
from .family import Family


class NormalFamily(Family):
    """phi = (mu, log sigma), each (size,). Fisher information of one component: diag(1 / sigma^2, 2).

    With limits the draw is *clipped*: x = min(max(raw, low), high), which is what is rendered and stored. Its law is
    the censored normal: the density of the normal inside, and at each limit the normal's whole tail as a point mass.
    log q and the score are those of that law, so E[score] = 0 and importance weights stay exact; the pathwise
    derivative of a clipped draw is 0, as it should be. Whitening uses the Fisher information before clipping, an
    upper bound of that after it.
    """

    def __init__(self, factor: Factor, bounds: Bounds):
        super().__init__(factor, bounds)
        self.low = self._limit(factor.low, -math.inf, "low")
        self.high = self._limit(factor.high, math.inf, "high")
        if not bool((self.low < self.high).all()):
            raise InputError(f"low of '{factor.key}' must be below its high.")
        start = self.to_phi(factor.start)[factor.size:].exp()
        self.log_std_floor = self._std_floor(start, bounds).log()
        self.log_std_ceiling = self._std_ceiling(start, bounds).log()

    def _std_floor(self, start: Tensor, bounds: Bounds) -> Tensor:
        """Of the scale on which the draw is normal."""
        return bounds.std_floor * start

    def _std_ceiling(self, start: Tensor, bounds: Bounds) -> Tensor:
        """Of the scale on which the draw is normal."""
        return (bounds.std_ceiling * start).clamp(max=LARGEST)

    def _centre_limits(self) -> tuple[Tensor, Tensor]:
        """Where the centre, in plain units, may be: inside the limits, and where psi's numbers stay finite."""
        return self.low.clamp(-LARGEST, LARGEST), self.high.clamp(-LARGEST, LARGEST)

    def _limit(self, limit: np.ndarray | None, default: float, name: str) -> Tensor:
        values = np.asarray(default if limit is None else limit, dtype=np.float64)
        if np.isnan(values).any():
            raise InputError(f"{name} of '{self.factor.key}' is not a number.")
        return torch.from_numpy(np.broadcast_to(values, (self.factor.size,)).copy())

    @property
    def coordinates(self) -> tuple[str, ...]:
        return ("mean",) * self.factor.size + ("std",) * self.factor.size

    @property
    def is_scale(self) -> tuple[bool, ...]:
        return (False,) * self.factor.size + (True,) * self.factor.size

    def to_real(self, values: Tensor) -> Tensor:
        """To the scale on which the draw is normal."""
        return values

    def to_phi(self, plain: Mapping[str, object]) -> Tensor:
        mean, std = self.moments(plain)
        return torch.from_numpy(np.concatenate([mean, np.log(std)]))

    def to_plain(self, phi: Tensor) -> dict[str, list[float]]:
        mu, log_std = phi.chunk(2)
        return {"mean": mu.tolist(), "std": log_std.exp().tolist()}

    def distribution(self, phi: Tensor) -> Distribution:
        mu, log_std = phi.chunk(2, -1)
        return Normal(mu, log_std.exp(), validate_args=False)

    def sample(self, phi: Tensor, n: int) -> Tensor:
        raw = self.distribution(phi.expand(n, -1)[:, None].expand(-1, self.factor.count, -1)).rsample()
        return torch.minimum(torch.maximum(raw, self.low), self.high)

    def _standardised(self, phi: Tensor, draws: Tensor) -> Tensor:
        mu, log_std = phi.chunk(2)
        return (self.to_real(draws) - mu) / log_std.exp()

    def log_prob(self, phi: Tensor, draws: Tensor) -> Tensor:
        present = draws.isfinite().all(-1, keepdim=True)
        x = torch.where(present, draws, self._inside(phi))
        z = self._standardised(phi, x)
        inside = self.distribution(phi).log_prob(x)
        log_q = torch.where(x <= self.low, log_ndtr(z), torch.where(x >= self.high, log_ndtr(-z), inside))
        return torch.where(present, log_q, 0.).sum(-1)

    def score(self, phi: Tensor, draws: Tensor) -> Tensor:
        """In whitened units inside: (z, (z^2 - 1) / sqrt 2); at a limit the mean of that over the tail."""
        present = draws.isfinite().all(-1, keepdim=True)
        z = self._standardised(phi, torch.where(present, draws, self._inside(phi)))
        tail = torch.where(draws <= self.low, -1., torch.where(draws >= self.high, 1., 0.)).to(z)
        mills = (-.5 * z ** 2 - .5 * math.log(2 * math.pi) - log_ndtr(-tail * z)).exp()  # inverse Mills ratio
        of_mean = torch.where(tail == 0, z, tail * mills)
        of_std = torch.where(tail == 0, z ** 2 - 1, tail * mills * z) / math.sqrt(2)
        return torch.where(present, torch.cat([of_mean, of_std], -1), 0.) / math.sqrt(self.factor.count)

    def move(self, phi: Tensor, u: Tensor) -> Tensor:
        sigma = phi.chunk(2)[1].exp()
        whitening = torch.cat([sigma, torch.full_like(sigma, 1 / math.sqrt(2))])
        return phi + whitening * u / math.sqrt(self.factor.count)

    def clamp(self, phi: Tensor) -> Tensor:
        mu, log_std = phi.chunk(2)
        low, high = self._centre_limits()
        mu = torch.minimum(torch.maximum(mu, self.to_real(low)), self.to_real(high))
        return torch.cat([mu, torch.minimum(torch.maximum(log_std, self.log_std_floor), self.log_std_ceiling)])

    def _inside(self, phi: Tensor) -> Tensor:
        """Some value to compute with where a value is absent (its result is not used)."""
        return phi.chunk(2)[0]


class LogNormalFamily(NormalFamily):
    """log x is normal. mean and std are the moments of x itself (before clipping), phi those of log x."""

    def __init__(self, factor: Factor, bounds: Bounds):
        super().__init__(factor, bounds)
        if not bool((self.high > 0).all()):
            raise InputError(f"high of '{factor.key}' must be above 0: a log-normal value is positive.")
        self.low = self.low.clamp(min=0.)

    def _std_floor(self, start: Tensor, bounds: Bounds) -> Tensor:
        return (bounds.std_floor * start).clamp(min=1 / WIDEST_RATIO)

    def _std_ceiling(self, start: Tensor, bounds: Bounds) -> Tensor:
        return bounds.log_std_ceiling(start).clamp(max=math.sqrt(math.log1p(WIDEST_RATIO ** 2)))

    def _centre_limits(self) -> tuple[Tensor, Tensor]:
        return self.low.clamp(1 / LARGEST, LARGEST), self.high.clamp(1 / LARGEST, LARGEST)

    def to_real(self, values: Tensor) -> Tensor:
        return values.log()

    def to_phi(self, plain: Mapping[str, object]) -> Tensor:
        mean, std = self.moments(plain)
        if not (mean > 0).all():
            raise InputError(f"mean of '{self.factor.key}' must be above 0: a log-normal value is positive.")
        log_mean, variance = lognormal_parameters(mean, std)
        return torch.from_numpy(np.concatenate([log_mean, np.log(variance) / 2]))

    def to_plain(self, phi: Tensor) -> dict[str, list[float]]:
        mu, log_std = phi.chunk(2)
        variance = (2 * log_std).exp()      # in torch: numpy's functions have other last digits
        mean = (mu + variance / 2).exp()
        return {"mean": mean.tolist(), "std": (mean * torch.expm1(variance).sqrt()).tolist()}

    def distribution(self, phi: Tensor) -> Distribution:
        mu, log_std = phi.chunk(2, -1)
        return LogNormal(mu, log_std.exp(), validate_args=False)

    def _inside(self, phi: Tensor) -> Tensor:
        return phi.chunk(2)[0].exp()
