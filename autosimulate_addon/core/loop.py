"""Algorithm 1 (Behl et al., ECCV 2020).

The symbols: psi (P numbers) is what is learned, q_psi the distributions it stands for, s_k a draw of the scene, zeta_k
its render, theta the weights of a network, l a training loss, g_val the gradient of the validation objective in theta.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..protocol import Draw, SampleKey
from .config import LoopConfig
from .psi import Psi
from .randomness import derive_seed, member_seed
from .search import Context, Outcome
from .state import State
from .tasks.task import NOT_SCORED
from .watch import Laps, Watch

__all__ = ["Iteration", "LoopConfig", "State", "optimize", "with_control"]


@dataclass(frozen=True)
class Iteration:
    """One complete iteration. ``images`` and ``steps`` are totals so far, ``steps`` those of one network.

    ``val_loss`` and ``val_metric`` are NaN where no network is asked.
    """

    iteration: int
    images: int
    steps: int
    val_loss: float
    val_metric: float
    psi: Psi                          # after its step
    outcome: Outcome                  # what the search method did
    seconds: dict[str, float] = field(default_factory=dict)


def optimize(state: State, watch: Watch = Watch()) -> Iterator[Iteration]:  # noqa: B008 (Watch is immutable)
    """Goes on from ``state`` to the last iteration; ``state`` is whole whenever an Iteration is given.

    Raises Cancelled where ``watch`` says stop.
    """
    config, search, store, ensemble = state.config, state.search, state.store, state.ensemble
    while state.iteration < config.iterations and not search.over:
        i, laps = state.iteration, Laps()
        seed = derive_seed(config.seed, "iteration", i)
        psi = search.psi                                                    # (P,)

        draws, keys = _draw(psi, config, i)                                             # s_k ~ q_psi, K of them
        renders = watch.renders(state.simulator.render(draws, keys), iteration=i,       # zeta_k = r(s_k)
                                done=len(store), total=config.iterations * config.images)
        batch = store.add(list(renders), psi)                                           # (K,) rows of the store
        laps.lap("render")

        context = Context(i, i / config.iterations, seed, state.task, tuple(ensemble), store, batch, psi,
                          state.validation, i + 1 == config.iterations,
                          watch.searching(iteration=i, share=0.5 if search.trains else 1.0))
        # v = (C + lambda I)^-1 g_val          (|theta|,)  which change of theta lowers the validation objective
        # w_k = v . grad_theta l(zeta_k)       (K,)        how much training on zeta_k makes that change
        # psi <- psi + alpha sum_k w_k grad_psi log q_psi(s_k)             (P,)
        outcome = search.before_training(context)
        laps.lap("hypergradient")
        if search.settled and not search.over and i + 1 < config.iterations:
            # The next draws are known: they are rendered during the training.
            state.simulator.submit(*_draw(search.psi, config, i + 1))

        training = search.training(context, config.steps_in(i))     # which renders, under the lights of which psi
        if search.trains:
            for index, learner in enumerate(ensemble):
                learner.fit(store, training, member_seed(seed, "companion", index),     # theta <- theta-hat(psi)
                            watch.training(iteration=i))
        scores = ensemble[0].evaluate(state.validation) if search.trains else NOT_SCORED
        laps.lap("train")

        outcome = search.after_training(context, scores) or outcome         # methods that step on what was trained
        state.commit(training.psi, scores.loss, training.steps)
        laps.lap("step")
        yield Iteration(i, len(store), state.steps, scores.loss, scores.metric, search.psi, outcome or Outcome(),
                        laps.seconds)


def _draw(psi: Psi, config: LoopConfig, iteration: int) -> tuple[list[Draw], list[SampleKey]]:
    """The draws of an iteration and their keys."""
    keys = [SampleKey(config.seed, iteration, k) for k in range(config.images)]
    return [psi.sample(key) for key in keys], keys


def with_control(state: State, control: State | None, watch: Watch = Watch(),  # noqa: B008
                 control_watch: Watch = Watch()) -> Iterator[tuple[Iteration, Iteration | None]]:  # noqa: B008
    """The run and, iteration by iteration beside it, its null control: same loop, keys and steps; psi stays."""
    beside = optimize(control, control_watch) if control else None
    for iteration in optimize(state, watch):
        yield iteration, next(beside) if beside else None
