"""Bayesian optimisation of psi, by optuna."""

from __future__ import annotations

import logging

from ...protocol import InputError
from ..psi import Psi
from ..randomness import derive_seed
from .black_box import BlackBoxOptions, BlackBoxSearch

#: Trials before the model is asked.
RANDOM_TRIALS = 3


class BayesianOptimisation(BlackBoxSearch):
    """A Gaussian process over the box, log expected improvement (optuna's GPSampler).

    The study is rebuilt from the trials at every proposal, so that a resumed run goes on as an uninterrupted one.
    """

    def __init__(self, start: Psi, options: BlackBoxOptions) -> None:
        super().__init__(start, options)
        try:
            import optuna
        except ImportError as error:
            raise InputError("The method 'bo' needs a package: pip install optuna scipy.") from error
        self.optuna = optuna
        optuna.logging.set_verbosity(logging.WARNING)

    def propose(self) -> list[float]:
        import warnings

        optuna = self.optuna
        names = [f"{index:04d}" for index in range(self.start.size)]
        space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")            # that the sampler is called experimental
            sampler = optuna.samplers.GPSampler(
                seed=derive_seed(self.seed, "bo", len(self.points)) % 2**32, n_startup_trials=RANDOM_TRIALS)
            study = optuna.create_study(direction="maximize", sampler=sampler)
            for point, value in zip(self.points, self.values, strict=True):
                study.add_trial(optuna.trial.create_trial(
                    params=dict(zip(names, point, strict=True)), distributions=space, value=value))
            trial = study.ask(space)
        return [trial.params[name] for name in names]
