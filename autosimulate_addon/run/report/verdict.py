"""Whether moving the distributions helped, in plain words."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...protocol.numbers import Numbers, Row
from ...protocol.words import percent
from .record import RunRecord

#: What the metric of two fresh networks trained on draws from the same psi was seen to differ by, and by which share
#: their losses: the least that is said not to be chance where one network alone was trained on each.
REPEATABILITY, LOSS_REPEATABILITY = 0.01, 0.04
#: A mean difference of fewer than this many of its standard errors may be chance.
CLEAR = 2.0

#: What rows of the final comparison are called; where photographs are trained on too, some have other names.
ROW_NAMES = {"learned": "learned", "start": "start, never moved"}
REAL_NAMES = {"learned": "both (learned)", "start": "both (start)", "synthetic only": "synthetic only (learned)"}


def row_name(name: str, rows: Collection[str]) -> str:
    """What the row ``name`` of ``rows`` is called."""
    names = {**ROW_NAMES, **REAL_NAMES} if "real only" in rows else ROW_NAMES
    return names.get(name, name)

_BEAT = {"better": "The run beat its null control.",
         "mixed": "The run is level with its null control.",
         "worse": "The run did not beat its null control."}
_AHEAD = {"better": "The run is ahead of its null control.",
          "mixed": "The run is level with its null control, as far as running networks tell.",
          "worse": "The run is not ahead of its null control."}


@dataclass(frozen=True)
class Verdict:
    outcome: str        # "better", "mixed", "worse" or "unknown"
    headline: str
    detail: str = ""


@dataclass(frozen=True)
class Difference:
    """A mean difference; ``error``, its standard error, is NaN where there is one value alone, which has to be of the
    ``least`` size."""

    mean: float
    error: float = math.nan
    least: float = 0.0

    @property
    def sign(self) -> int:
        """1, -1, or 0 where it was not measured, is none, or may be chance."""
        if math.isnan(self.mean) or abs(self.mean) < (self.least if math.isnan(self.error) else CLEAR * self.error):
            return 0
        return (self.mean > 0) - (self.mean < 0)


def judge(record: RunRecord) -> Verdict:
    """The run against its null control: by fresh networks where they were compared, else by the running networks."""
    learned, control = record.row("learned"), record.row("start")
    if learned and control and not math.isnan(learned.metric + control.metric):
        where = f"Fresh networks on the {record.numbers.split} images"
        if record.numbers.images:
            where += f", {_networks(learned)}each trained on {record.numbers.images:,} rendered images"
        outcome = outcome_of(learned, control)
        return Verdict(outcome, _BEAT[outcome], _detail(learned, control, where, record.metric))
    last = next((i for i in reversed(record.iterations) if not math.isnan(i.val_metric + i.control_val_metric)), None)
    if last:
        learned = Row(last.val_loss, last.val_metric)
        control = Row(last.control_val_loss, last.control_val_metric)
        outcome = outcome_of(learned, control)
        return Verdict(outcome, _AHEAD[outcome],
                       _detail(learned, control, f"Running networks on the validation images after {last.images:,.0f} "
                                                 f"renders", record.metric)
                       + " Fresh networks were not compared, so this is not the final word.")
    if not record.iterations:
        return Verdict("unknown", "No iteration has been finished yet.")
    return Verdict("unknown", "It is not known whether moving the distributions helped: no null control was run.",
                   "A null control trains on the same number of images from distributions that never move.")


def opening(numbers: Numbers, photographs: str = "photographs") -> str:
    """The run in one sentence for who does not know its words: what was gained, how sure that is, on how many
    photographs; "" where no fresh networks were compared. ``photographs``: what to call them.
    """
    learned, start = numbers.rows.get("learned"), numbers.rows.get("start")
    if not learned or not start or math.isnan(learned.metric + start.metric):
        return ""
    outcome, gain, rise = outcome_of(learned, start), _gain(learned, start), _rise(learned, start)
    count = f"{numbers.split_images:,} " if numbers.split_images else ""
    what = _GAINED[outcome]
    if not gain.sign and rise.sign:
        what = f"{'Lower' if rise.sign < 0 else 'Higher'} loss, {numbers.metric_name or 'mIoU'} level"
    said = (f"{what}: on {count}{numbers.split} {photographs}, networks trained on renders as "
            f"learned reach {numbers.metric_name or 'mIoU'} {percent(learned.metric)}, on renders as at the start "
            f"{percent(start.metric)} ({_signed(gain, 100, 1)} points")
    if not gain.sign and rise.sign:
        by = _signed(Difference(abs(rise.mean), rise.error), 1, 3).removeprefix("+")
        said += f", with a loss {'lower' if rise.sign < 0 else 'higher'} by {by}"
    return f"{said}; {_sure(learned.metrics, start.metrics, gain)})."


_GAINED = {"better": "A gain", "mixed": "Level", "worse": "A loss"}


def _sure(learned: Sequence[float], start: Sequence[float], gain: Difference) -> str:
    """How many pairs of networks say the same."""
    if len(learned) != len(start) or len(learned) < 2:
        return "by one network of each, so it may be chance"
    higher = sum(a > b for a, b in zip(learned, start, strict=True))
    return f"higher in {higher} of {len(learned)} pairs of networks" + ("" if gain.sign else ", which may be chance")


def outcome_of(learned: Row, control: Row) -> str:
    """"better" where metric or loss is clearly better and neither clearly worse, "worse" the other way, or "mixed"."""
    signs = {_gain(learned, control).sign, -_rise(learned, control).sign} - {0}
    return "better" if signs == {1} else "worse" if signs == {-1} else "mixed"


def _gain(learned: Row, control: Row) -> Difference:
    """The gain in the metric."""
    return _difference(learned.metrics, control.metrics, learned.metric - control.metric, REPEATABILITY)


def _rise(learned: Row, control: Row) -> Difference:
    """Of the loss."""
    return _difference(learned.losses, control.losses, learned.loss - control.loss,
                       LOSS_REPEATABILITY * abs(control.loss))


def _difference(after: Sequence[float], before: Sequence[float], mean: float, least: float) -> Difference:
    """Network by network: the one of either side began and was trained with the same random numbers."""
    if len(after) != len(before) or len(after) < 2:
        return Difference(mean, least=least)
    pairs = [a - b for a, b in zip(after, before, strict=True)]
    return Difference(statistics.mean(pairs), statistics.stdev(pairs) / math.sqrt(len(pairs)))


def _detail(learned: Row, control: Row, where: str, metric: str) -> str:
    """The figures in a sentence, and whether they may be chance."""
    gain, rise = _gain(learned, control), _rise(learned, control)
    detail = (f"{where}: {metric} {percent(learned.metric)} against {percent(control.metric)} "
              f"({_signed(gain, 100, 1)} points)")
    if not math.isnan(rise.mean):
        detail += f", loss {learned.loss:.3f} against {control.loss:.3f} ({_signed(rise, 1, 3)})"
    detail += "."
    if {gain.sign, -rise.sign} == {1, -1}:
        detail += " One of the two is better, the other is not."
    elif not gain.sign and not rise.sign and (gain.mean or rise.mean > 0 or rise.mean < 0):
        detail += " Networks trained on the same images differ by as much: it may be chance."
    elif math.isnan(gain.error) and abs(gain.mean) < REPEATABILITY:
        detail += f" Repeats of one and the same run differ by about as much in {metric}."
    return detail


def _networks(score: Row) -> str:
    return f"{len(score.metrics)} for each row, " if len(score.metrics) > 1 else ""


def _signed(difference: Difference, scale: float, digits: int) -> str:
    """With its standard error, where it has one."""
    text = f"{difference.mean * scale:+.{digits}f}".replace("-", "−")
    return text if math.isnan(difference.error) else f"{text} ± {difference.error * scale:.{digits}f}"
