"""All renders so far: they are the cost, so none is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..protocol import AutoSimulateError, Factor, Layer, Render, SampleKey
from .film import develop
from .psi import Psi, stack
from .tasks.task import Task


class Weights(NamedTuple):
    """Importance weights of stored renders."""

    weights: Tensor            # (N,) float64, sum 1
    effective: float           # effective sample size (sum w)^2 / sum w^2, in renders


class RenderStore:
    """Renders of all iterations, stacked; layers stay in half precision on ``device``.

    Attributes, for N renders: ``layers`` (N, L, H, W, 3) float16; ``reference`` (N, L, 3) float32; ``labels``
    (N, H, W) uint8; ``instances`` (N, H, W) int32; ``draws`` by factor key (N, count, size); ``log_q`` by factor key
    (N,), under the psi that drew them; ``generation`` (N,), which of ``psis`` that was; ``keys``; ``seconds`` (N,).
    """

    layers: Tensor
    reference: Tensor
    labels: Tensor
    instances: Tensor
    generation: Tensor
    seconds: Tensor

    def __init__(self, factors: Sequence[Factor], specification: Sequence[Layer], device: torch.device | str = "cpu"):
        self.factors, self.specification, self.device = tuple(factors), tuple(specification), torch.device(device)
        self.keys: list[SampleKey] = []
        self.psis: list[Psi] = []
        self.draws: dict[str, Tensor] = {}
        self.log_q: dict[str, Tensor] = {}
        self._densities: dict[tuple[str, ...], Tensor] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def driven(self) -> frozenset[str]:
        """The factors that need no new render: they drive layers or act on the film."""
        drivers = {driver.factor for layer in self.specification for driver in layer.drivers}
        return frozenset(factor.key for factor in self.factors if factor.key in drivers or factor.film)

    @property
    def rendered(self) -> tuple[str, ...]:
        """The factors whose values are fixed in a render."""
        return tuple(factor.key for factor in self.factors if factor.key not in self.driven)

    def add(self, renders: Sequence[Render], psi: Psi) -> Tensor:
        """Takes in the renders of draws from ``psi``; returns their indices (K,).

        A value that a simulator marks as absent (see ``distributions.Family``) is kept so.
        """
        if not renders:
            return torch.zeros(0, dtype=torch.long)
        for render in renders:
            self._check(render)
        first = len(self)
        draws = {key: torch.as_tensor(value) for key, value in stack([render.draw for render in renders]).items()}
        self._append("layers", torch.from_numpy(np.stack([render.layers for render in renders])).half())
        self._append("reference", torch.from_numpy(np.stack([render.reference for render in renders])).float())
        self._append("labels", torch.from_numpy(np.stack([render.labels for render in renders])))
        self._append("instances", torch.from_numpy(np.stack([render.instances for render in renders]).astype(np.int32)))
        self._append("generation", torch.full((len(renders),), len(self.psis)))
        self._append("seconds", torch.tensor([render.seconds for render in renders], dtype=torch.float64))
        for key in (factor.key for factor in self.factors):
            log_q = psi.log_q(draws, [key])
            self.draws[key] = torch.cat([self.draws[key], draws[key]]) if first else draws[key]
            self.log_q[key] = torch.cat([self.log_q[key], log_q]) if first else log_q
        self.keys += [render.key for render in renders]
        self.psis.append(psi)
        return torch.arange(first, len(self))

    def _check(self, render: Render) -> None:
        driven = np.array([bool(layer.drivers) for layer in self.specification])
        if len(render.layers) != len(driven):
            raise AutoSimulateError(f"Sample {tuple(render.key)} came back with {len(render.layers)} light layers, "
                                    f"expected {len(driven)}.")
        if not np.isfinite(render.layers).all():
            raise AutoSimulateError(f"Sample {tuple(render.key)} was rendered with values that are not finite or too "
                                    "bright for half precision: narrow the limits of its lights.")
        if driven.any() and not (np.abs(render.reference[driven]) > 0).all():
            raise AutoSimulateError(f"Sample {tuple(render.key)} was rendered with a light at 0, "
                                    "which cannot be scaled: give it a low limit above 0.")

    def _append(self, name: str, new: Tensor) -> None:
        new = new.to(self.device)
        setattr(self, name, torch.cat([getattr(self, name), new]) if len(self) else new)

    # -- images ----------------------------------------------------------------------------------------------------

    def images(self, index: Tensor, values: Mapping[str, Tensor] | None = None, seeds: Sequence[int] | None = None,
               relights: int = 1) -> Tensor:
        """(B * relights, 3, H, W) of the renders ``index`` (B,) under ``values`` (default: those they were drawn with).

        See ``film.develop``. With the renders' own values noise still needs ``seeds``.
        """
        at = index.to(self.device)
        if values is None:
            values = {key: self.draws[key][index.cpu()].to(self.device) for key in self.driven}
        return develop(self.layers[at], self.reference[at], self.specification, values, seeds, relights)

    def targets(self, task: Task, index: Tensor, relights: int = 1) -> Tensor:
        """(B * relights, ...) the targets of ``task``, in the order of ``images``."""
        at = index.to(self.device)
        return task.targets(self.labels[at], self.instances[at]).repeat_interleave(relights, 0)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def state_dict(self, inline: bool = True) -> dict[str, Any]:
        """Plain Python and tensors: which renders these are and, ``inline``, the renders themselves."""
        state: dict[str, Any] = {
            "keys": [list(key) for key in self.keys],
            "psis": [psi.phi for psi in self.psis],
            "generation": self.generation.cpu().tolist() if len(self) else [],
        }
        if inline and len(self):
            state["images"] = {name: getattr(self, name).cpu() for name in
                               ("layers", "reference", "labels", "instances", "seconds")}
            state["draws"] = {key: draw.clone() for key, draw in self.draws.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any], start: Psi, render: Callable[..., Iterable[Render]]) -> None:
        """Fills an empty store, generation by generation, as it was filled the first time.

        ``start`` is any psi of the same factors. ``render(draws, keys)`` gives the renders that are not in ``state``.
        Raises AutoSimulateError where it gives fewer than it was asked for.
        """
        if len(self):
            raise ValueError("The store has renders already: load a state into an empty one")
        rows: dict[int, list[int]] = {}
        for row, generation in enumerate(state["generation"]):
            rows.setdefault(generation, []).append(row)
        for generation in sorted(rows):
            psi = start.with_phi(state["psis"][generation])
            keys = [SampleKey(*state["keys"][row]) for row in rows[generation]]
            if "images" in state:
                renders = [_inline(state, row, key) for row, key in zip(rows[generation], keys, strict=True)]
            else:
                renders = list(render([psi.sample(key) for key in keys], keys))
            if len(renders) != len(keys):
                raise AutoSimulateError("The simulator gave back fewer images than it was asked for.")
            self.add(renders, psi)

    # -- importance weights ----------------------------------------------------------------------------------------

    def importance_weights(self, psi: Psi, keys: Iterable[str] | None = None, cap: float = 4.) -> Weights:
        """How much each stored render counts as a draw from ``psi`` in the factors ``keys`` (default: ``rendered``).

        w_i = q_psi(s_i) / sum_j (n_j / N) q_psi_j(s_i), Veach's balance heuristic over the psi_j of all generations
        (n_j renders each), truncated at ``cap`` and normalised to sum 1.
        """
        keys = self._canonical(keys)
        ratio = (psi.log_q(self.draws, keys) - self.log_mixture(keys)).exp().clamp(max=cap)
        total = ratio.sum()
        if not total > 0:
            return Weights(torch.full_like(ratio, 1 / len(ratio)), 0.)
        return Weights(ratio / total, float(total ** 2 / (ratio ** 2).sum()))

    def log_mixture(self, keys: Iterable[str] | None = None) -> Tensor:
        """(N,) log density of each draw under the mixture of all generations' psi. Cached per set of factors."""
        keys = self._canonical(keys)
        known = self._densities.get(keys, torch.zeros(0, 0, dtype=torch.float64))     # (N', J'): log q_j(s_i)
        old, new = ({key: draw[rows] for key, draw in self.draws.items()}
                    for rows in (slice(0, len(known)), slice(len(known), None)))
        right = [psi.log_q(old, keys) for psi in self.psis[known.shape[1]:]]
        if right:
            known = torch.cat([known, torch.stack(right, 1)], 1)
        if len(known) < len(self):
            known = torch.cat([known, torch.stack([psi.log_q(new, keys) for psi in self.psis], 1)])
        self._densities[keys] = known
        return mixture(known, self.generation)

    def _canonical(self, keys: Iterable[str] | None) -> tuple[str, ...]:
        chosen = frozenset(self.rendered if keys is None else keys)
        return tuple(factor.key for factor in self.factors if factor.key in chosen)


def mixture(densities: Tensor, generation: Tensor) -> Tensor:
    """(N,) log density under the mixture of J sources, from log q_j(s_i) (N, J) and the j each was drawn from (N,)."""
    share = torch.bincount(generation.cpu(), minlength=densities.shape[1]).double() / len(generation)
    return torch.logsumexp(densities + share.log(), 1)


def _inline(state: Mapping[str, Any], row: int, key: SampleKey) -> Render:
    images = {name: values[row].numpy() for name, values in state["images"].items()}
    return Render(key, {name: draw[row].numpy() for name, draw in state["draws"].items()}, images["layers"],
                  images["reference"], images["labels"], images["instances"].astype(np.uint16),
                  float(images["seconds"]))
