"""Whether moving the distributions helped, in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .record import RunRecord, Score

#: What the mIoU of two fresh networks trained on draws from the same psi was seen to differ by.
REPEATABILITY = 0.01

_BEAT = {"better": "The run beat its null control.",
         "mixed": "The run is level with its null control: one of mIoU and loss is better, the other is not.",
         "worse": "The run did not beat its null control."}
_AHEAD = {"better": "The run is ahead of its null control.",
          "mixed": "The run is level with its null control, as far as running networks tell.",
          "worse": "The run is not ahead of its null control."}


@dataclass(frozen=True)
class Verdict:
    outcome: str        # "better", "mixed", "worse" or "unknown"
    headline: str
    detail: str = ""


def judge(record: RunRecord) -> Verdict:
    """The run against its null control: by fresh networks where they were compared, else by the running networks."""
    learned, control = record.score("learned"), record.score("control", "start")
    if learned and control and not math.isnan(learned.miou + control.miou):
        images = f", each trained on {record.score_images:,.0f} rendered images" \
            if not math.isnan(record.score_images) else ""
        outcome, detail = _compare(learned, control, f"Fresh networks on the {record.split} images{images}")
        return Verdict(outcome, _BEAT[outcome], detail)
    last = next((i for i in reversed(record.iterations) if not math.isnan(i.miou + i.control_miou)), None)
    if last:
        outcome, detail = _compare(Score("learned", last.loss, last.miou, {}),
                                   Score("control", last.control_loss, last.control_miou, {}),
                                   f"Running networks on the validation images after {last.images:,.0f} renders")
        return Verdict(outcome, _AHEAD[outcome],
                       detail + " Fresh networks were not compared, so this is not the final word.")
    if not record.iterations:
        return Verdict("unknown", "No iteration has been finished yet.")
    return Verdict("unknown", "It is not known whether moving the distributions helped: no null control was run.",
                   "A null control trains on the same number of images from distributions that never move.")


def outcome_of(gain: float, drop: float) -> str:
    """"better" only where both the gain in mIoU and the drop in loss are above 0, "worse" where neither is.

    Where the loss was not measured (NaN), mIoU decides alone.
    """
    if math.isnan(drop):
        drop = gain
    return "better" if gain > 0 and drop > 0 else "worse" if gain <= 0 and drop <= 0 else "mixed"


def _compare(learned: Score, control: Score, where: str) -> tuple[str, str]:
    """(outcome, the figures in a sentence)."""
    gain = learned.miou - control.miou
    outcome = outcome_of(gain, control.loss - learned.loss)
    points = f"{gain * 100:+.1f}".replace("-", "−")
    detail = f"{where}: mIoU {percent(learned.miou)} against {percent(control.miou)} ({points} points)"
    if not math.isnan(learned.loss + control.loss):
        detail += f", loss {learned.loss:.3f} against {control.loss:.3f}"
    detail += "."
    if abs(gain) < REPEATABILITY:
        detail += " Repeats of one and the same run differ by about as much in mIoU."
    return outcome, detail


def percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{value * 100:.1f} %"
