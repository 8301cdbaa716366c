"""The rows of ``photographs``, seed by seed, as Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .comparison import against, by_seed, markdown, median, renders, short, spread
from .table import commits, number, read_rows

Rows = Sequence[Mapping[str, str]]
#: A file is of one version.
FILES = ("photographs.csv", "photographs_seed3.csv", "photographs_seeds4_5.csv", "photographs_absent1_2_5.csv",
         "photographs_absent.csv", "photographs_rounds.csv", "photographs_autosimulate.csv")

#: From the expert's scene.
EXPERT = ("photographs_expert.csv",)

#: The same psi and pools, judged by a network, and by a detector.
NETWORK = ("photographs_network.csv",)
BOXES = ("photographs_detection.csv", "photographs_detection_looks.csv")

#: In this order.
_NAMES = {"none": "the start, never moved (null control)", "match": "features and labels matched, looks not",
          "match-looks": "**match**: one round, looks first", "match-rounds": "**match**, in rounds of 40",
          "autosimulate": "AutoSimulate alone",
          "match-autosimulate": "**AutoSimulate** as it is, matching first and beside it",
          "expert": "the expert's scene (ceiling)"}

_JUDGED = ("judge", "psi", "seeds", "renders", "score", "calibrated loss", "score against the null control",
           "better in")


def section(results: Path) -> tuple[str, str]:
    """The part of RESULTS.md: what each arm is worth."""
    body = ("256 x 192 pixels; psi driven by the 70 `val` "
            "photographs. A judge is a convex head on frozen ImageNet features, trained on other renders of psi and no "
            "photograph, with the same random numbers for all arms of a seed; its l2, the loss's calibration and the "
            "decision biases of the mIoU are chosen on `val`, scores are on the 70 `test` photographs. Medians (least "
            "to most).")
    # Those of matching without looks are in docs/decisions/0015 and 0016.
    rows = [row for row in read(results, *FILES) if row["arm"] != "match"]
    body += f"\n\n{_sources(rows, FILES)}\n\n" + "\n".join(summary(rows))
    return "LM-O, real photographs, from a start that nobody fitted to them", body


def sections(results: Path) -> list[tuple[str, str]]:
    """That of the head, and that of the other judges."""
    return [section(results), _others_section(results)]


def _others_section(results: Path) -> tuple[str, str]:
    network, boxes = read(results, *NETWORK), read(results, *BOXES)
    rows = [*_judged("a network", network, "decided", "mIoU, decided"),
            *_judged("a detector", boxes, "map50", "mAP@.5")]
    return "LM-O, the same psi and pools judged by others", (
        "The network is an ImageNet EfficientNet-Lite0 as a U-Net, all of it trained on a pool until two looks at "
        "`val` in a row are no better than the best. The detector is the convex head of detection, with the l2 of the "
        "best mAP@.5 on `val`; psi was matched for segmentation. Scores on `test`, medians (least to most). "
        f"{_sources(network, NETWORK, ' --judge network')} {_sources(boxes, BOXES, ' --judge detector')}\n\n"
        + "\n".join(markdown(_JUDGED, rows)))


def _judged(judge: str, rows: Rows, column: str, score: str) -> Iterator[list[str]]:
    """A line for each arm: medians, and the score against the null control with the same random numbers."""
    none = by_seed(rows, "none")
    for arm, name in _NAMES.items():
        if own := by_seed(rows, arm):
            yield [judge, name, str(len(own)), renders(own.values()), f"{score} {median(own, column)}",
                   median(own, "loss"), *(["-"] * 2 if arm == "none" else against(own, none, column))]


def _sources(rows: Rows, names: Sequence[str], judge: str = "") -> str:
    """By which commands the rows were made, the files that they are in, and the commits."""
    count, samples = (rows[0][column] for column in ("judged_on", "samples"))
    flags = "; ".join(f"`--arms {arms} --seeds {seeds}{run}`" for arms, seeds, run in _commands(rows))
    return (f"`python headless/benchmark.py photographs{judge} --data LMO --count {count} --samples {samples}` with "
            f"{flags}: {', '.join(f'`{name}`' for name in names)}, {commits(rows)}.")


def boxes_summary(rows: Rows) -> list[str]:
    """A line for each arm of detection."""
    return markdown(_JUDGED, list(_judged("a detector", rows, "map50", "mAP@.5")))


def _commands(rows: Rows) -> Iterator[tuple[str, str, str]]:
    """(arms, seeds, the flags of their runs), for each kind of run and the arms of the same seeds."""
    for run in sorted({row["run"] for row in rows}):
        own = [row for row in rows if row["run"] == run]
        iterations, _, images = run.partition("x")
        arms: dict[str, list[str]] = {}
        for arm in dict.fromkeys(row["arm"] for row in own):
            arms.setdefault(",".join(map(str, sorted(by_seed(own, arm)))), []).append(arm)
        for seeds, of_seeds in arms.items():
            yield ",".join(of_seeds), seeds, f" --iterations {iterations} --images {images}" if run else ""


def answers(results: Path) -> Iterator[list[str]]:
    rows = read(results, *FILES)
    own = by_seed(rows, "match-looks")
    if not own:
        return
    told, closed = _gain(rows, "match-looks")
    told += f"; loss gap to the expert's scene closed: {closed}"
    rounds, after = by_seed(rows, "match-rounds"), by_seed(rows, "match-autosimulate")
    for arm, how, found in (("match-rounds", "Rounds of match, of 40", rounds),
                            ("match-autosimulate", "AutoSimulate as it is", after)):
        if found:
            gain, closed = _gain(rows, arm)
            told += f". {how} (seeds {', '.join(map(str, sorted(found)))}): {gain}; gap closed: {closed}"
    if rounds and after:
        loss, decided = (against(after, rounds, column)[0] for column in ("loss", "decided"))
        told += f". AutoSimulate against the rounds: loss {loss}, mIoU decided {decided}"
    network = read(results, *NETWORK)
    if judged := by_seed(network, "match-looks"):
        seeds = ", ".join(map(str, sorted(judged)))
        told += f". Judged by a network, all of it trained (seeds {seeds}): {_gain(network, 'match-looks')[0]}"
    yield [f"real photographs (LM-O) from wide ranges: is matching ({_run(list(own.values()))} renders) better than "
           f"never moving? ({len(own)} seeds)", told]
    if not (expert := read(results, *EXPERT)):
        return
    yield ["real photographs (LM-O) from the scene of someone who had looked at them: is it kept?",
           "; ".join(f"{_NAMES[arm].replace('**', '')}: {_gain(expert, arm)[0]}"
                     for arm in ("match-looks", "match-rounds", "match-autosimulate") if by_seed(expert, arm))
           + f"; {_judges_spread(expert)} (`{EXPERT[0]}`, as from wide ranges but `--start expert --width 160`, "
           f"{commits(expert)})"]


def _gain(rows: Rows, arm: str) -> tuple[str, str]:
    """What ``arm`` is worth in a sentence, and the share of the gap that it closed."""
    own = by_seed(rows, arm)
    none = {seed: row for seed, row in by_seed(rows, "none").items() if seed in own}
    loss, better, decided, more, closed = _against(rows, arm, own)
    return (f"calibrated loss {median(none, 'loss')} -> {median(own, 'loss')}, difference {loss}, better in "
            f"{better}; mIoU with decision biases {median(none, 'decided')} -> {median(own, 'decided')}, difference "
            f"{decided}, better in {more}"), closed


def _judges_spread(rows: Rows) -> str:
    """How much judges of the start itself differ, which only their renders' random numbers tell apart."""
    none = list(by_seed(rows, "none").values())
    each = [short(statistics.stdev(number(row, column) for row in none)) for column in ("loss", "decided")]
    return f"judges of the start alone differ by {' and '.join(each)} (standard deviations of {len(none)})"


def read(results: Path, *names: str) -> list[dict[str, str]]:
    """The rows of these files, one after the other."""
    return read_rows(*(results / name for name in names))


def _run(rows: Rows) -> str:
    """Iterations and images of an iteration, as "3x160"."""
    return next(row["run"] for row in rows if row["run"])


def summary(rows: Rows) -> list[str]:
    """A line for each arm: medians, differences to the null control with the same random numbers, gap closed."""
    columns = ["", "seeds", "renders", "calibrated loss", "mIoU, decided", "mIoU",
               "loss against the null control", "better in", "mIoU, decided, against it", "better in",
               "loss gap to the expert closed"]
    lines = []
    for arm, name in _NAMES.items():
        own = by_seed(rows, arm)
        if own:
            lines.append([name, str(len(own)), renders(own.values()), *(median(own, each) for each in (
                "loss", "decided", "miou")), *_against(rows, arm, own)])
    return markdown(columns, lines)


def _against(rows: Rows, arm: str, own: Mapping[int, Mapping[str, str]]) -> list[str]:
    none, expert = by_seed(rows, "none"), by_seed(rows, "expert")
    if arm == "none":
        return ["-"] * 5
    cells = []
    for column, sign in (("loss", -1), ("decided", 1)):
        gains = [number(own[seed], column) - number(none[seed], column) for seed in sorted(own) if seed in none]
        if not gains:
            return ["-"] * 5
        cells += [spread(gains), f"{sum(sign * each > 0 for each in gains)} of {len(gains)}"]
    closed = [gap_closed(*(number(each[seed], "loss") for each in (none, own, expert)))
              for seed in sorted(own) if seed in none and seed in expert]
    return [*cells, ", ".join(f"{share:.0%}".replace("%", " %") for share in closed) if closed and arm != "expert"
            else "-"]


def gap_closed(none: float, arm: float, expert: float) -> float:
    """The share of the loss between the start and the expert's scene; NaN where the expert's is not better."""
    return (none - arm) / (none - expert) if none > expert else math.nan
