"""The estimator's instrument: how good is the estimated psi-gradient, and which of its levers earns its place?

On the stand-in, at a start (psi) and with a network part of the way through a run. Per approximation (quadratic with
GGN or Hessian, approximate quadratic, linear, no validation), per K fresh renders and per variance-reduction switch,
the cosine of the estimate with
  (a) its own large-K reference: how noisy it is;
  (b) the true response: how the validation loss of a FRESH network changes when psi is moved, by paired retraining
      with common random numbers: whether it points the right way. The response is noisy itself; its reliability (the
      cosine between repeats) says how large a cosine could be seen at most.
Standard errors are over repeats with other renders.

How long: the response 5 to 8 minutes a repeat on one core (default 3), the cosines about 15 minutes at K 24 and 96.
"""

from __future__ import annotations

import argparse
import statistics
import sys

import torch

from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn

from . import gradient_report
from .gradient_response import design, effects, measure
from .gradient_state import State, cosine, free_directions, large, prepare
from .gradient_variants import FAMILIES, VARIANTS, family_of, options_of
from .options import add_common, names
from .standin_run import STARTS
from .table import Table

COLUMNS = ("start", "seed", "variant", "K", "repeats", "cos_reference", "se_reference", "cos_response", "se_response")
RESPONSE_COLUMNS = ("start", "repeat", "run", "loss")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "101")
    parser.add_argument("--starts", type=names(tuple(STARTS)), default=["wide"], metavar="A,B",
                        help="wide, narrow (default: wide)")
    parser.add_argument("--K", type=lambda text: [int(part) for part in text.split(",")], default=[24, 96],
                        metavar="A,B", help="fresh renders of an estimate (default: 24,96)")
    parser.add_argument("--repeats", type=int, default=12, metavar="N", help="estimates of each (default: 12)")
    parser.add_argument("--reference", type=int, default=960, metavar="K", help="renders of the reference "
                                                                                "(default: 960)")
    parser.add_argument("--response-repeats", type=int, default=3, metavar="N",
                        help="repeats of the paired retraining (default: 3; 0: only what is there)")


def run(options: argparse.Namespace) -> None:
    responses = Table(options.results / "gradient_response.csv", RESPONSE_COLUMNS, 3)
    table = Table(options.results / "gradient.csv", COLUMNS, 4)
    for start in options.starts:
        for repeat in range(options.response_repeats):
            _measure(responses, start, repeat)
        for seed in options.seeds:
            _fill(table, responses, start, seed, options)
    for start, (repeats, between) in _reliabilities(responses, options.starts).items():
        print(f"start {start}: {repeats} repeats of the response, cosine between two {between:.2f}; a perfect estimate "
              f"would show about {gradient_report.ceiling(repeats, between):.2f}")
    rows = table.rows()
    print("\n".join(gradient_report.table(rows, tuple(VARIANTS))))
    gradient_report.draw(rows, options.results / "gradient.png")


def _measure(responses: Table, start: str, repeat: int) -> None:
    done = {int(row["run"]) for row in responses.rows() if (row["start"], row["repeat"]) == (start, str(repeat))}
    if len(done) < len(design(Psi.from_factors(StandIn(STARTS[start]).factors).size)):
        responses.require_one_version()
    for run_number, loss in measure(start, repeat, done):
        responses.add({"start": start, "repeat": repeat, "run": run_number, "loss": loss})
        print(f"response {start} repeat {repeat} run {run_number}: {loss:.4f}", file=sys.stderr, flush=True)


def response_repeats(responses: Table, start: str, parameters: int) -> list[torch.Tensor]:
    """The measured descent direction of every complete repeat."""
    losses_of: dict[str, dict[int, float]] = {}
    for row in responses.rows():
        if row["start"] == start:
            losses_of.setdefault(row["repeat"], {})[int(row["run"])] = float(row["loss"])
    runs = len(design(parameters))
    return [effects(torch.tensor([losses[i] for i in range(runs)], dtype=torch.float64), parameters)
            for losses in losses_of.values() if len(losses) == runs]


def _fill(table: Table, responses: Table, start: str, seed: int, options: argparse.Namespace) -> None:
    done = table.done()
    wanted = [(variant, count) for count in options.K for variant in VARIANTS
              if (start, str(seed), variant, str(count)) not in done]
    if not wanted:
        return
    table.require_one_version()
    state = prepare(start, seed)
    free = free_directions(state.psi)
    repeats = response_repeats(responses, start, state.psi.size)
    response = free @ torch.stack(repeats).mean(0) if repeats else None
    references = {family: free @ _reference(state, family, options.reference) for family in FAMILIES
                  if any(family_of(variant) == family for variant, _ in wanted)}
    for variant, count in wanted:
        estimates = [free @ state.gradient(options_of(variant), count, repeat) for repeat in range(options.repeats)]
        row = {"start": start, "seed": seed, "variant": variant, "K": count, "repeats": options.repeats}
        row["cos_reference"], row["se_reference"] = _mean_cosine(estimates, references[family_of(variant)])
        if response is not None:
            row["cos_response"], row["se_response"] = _mean_cosine(estimates, response)
        table.add(row)
        print(" ".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()),
              file=sys.stderr, flush=True)
    _references_row(table, references, response, start, seed, options.reference)


def _reference(state: State, family: str, count: int) -> torch.Tensor:
    """The mean of four estimates with a quarter of the renders each; other renders than those of any estimate."""
    part = count // 4
    return torch.stack([state.gradient(large(options_of(family), part), part, 500 + quarter)
                        for quarter in range(4)]).mean(0)


def _references_row(table: Table, references: dict[str, torch.Tensor], response: torch.Tensor | None, start: str,
                    seed: int, count: int) -> None:
    """How well the references themselves, nearly without noise, agree with the response: each family's bias."""
    for family, reference in references.items():
        row = {"start": start, "seed": seed, "variant": f"{family} (reference)", "K": count, "repeats": 1,
               "cos_reference": 1.0, "cos_response": None if response is None else cosine(reference, response)}
        if table.key(row) not in table.done():
            table.add(row)


def _mean_cosine(estimates: list[torch.Tensor], target: torch.Tensor) -> tuple[float, float]:
    """(mean, standard error) over the estimates."""
    cosines = [cosine(each, target) for each in estimates]
    error = statistics.stdev(cosines) / len(cosines) ** 0.5 if len(cosines) > 1 else float("nan")
    return statistics.mean(cosines), error


def _reliabilities(responses: Table, starts: list[str]) -> dict[str, tuple[int, float]]:
    """Per start: (repeats, mean cosine between two repeats)."""
    reliabilities = {}
    for start in starts:
        psi = Psi.from_factors(StandIn(STARTS[start]).factors)
        free = free_directions(psi)
        repeats = [free @ each for each in response_repeats(responses, start, psi.size)]
        pairs = [cosine(a, b) for i, a in enumerate(repeats) for b in repeats[:i]]
        reliabilities[start] = len(repeats), statistics.mean(pairs) if pairs else float("nan")
    return reliabilities
