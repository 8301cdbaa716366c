"""The rows of ``complement``, by number of photographs, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .comparison import against, markdown, median
from .complement import MATCHED
from .table import read_rows

#: In this order.
_NAMES = {"real": "photographs alone", "none": "beside renders of the start",
          MATCHED: "beside renders of the matched psi",
          "expert": "beside renders of the expert's scene"}


def sections(results: Path) -> Iterator[tuple[str, str]]:
    """The part of RESULTS.md, once there are rows."""
    if not (rows := read_rows(results / "complement.csv")):
        return
    counts, commits = sorted({int(row["photographs"]) for row in rows}), sorted({row["commit"] for row in rows})
    renders = max(int(row["renders"]) for row in rows)
    seeds, draws = (",".join(sorted({row[column] for row in rows}, key=int)) for column in ("seed", "draw"))
    body = (f"`python headless/benchmark.py complement --data LMO --photographs {','.join(map(str, counts))} --seeds "
            f"{seeds}` (draws {draws}). A head trained on so many of the 70 `val` photographs, alone or beside "
            f"{renders} renders with half of the weight; what is chosen is chosen on the rest of `val`, scores are on "
            "`test`. psi was matched to all 70. Rows: `complement.csv`, "
            f"{', '.join(commits)}. Medians, and medians of the differences with the same photographs (least to most)."
            "\n\n")
    yield "LM-O: photographs to train on, and what renders add to them", body + "\n".join(summary(rows))


def summary(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """A line for each number of photographs and arm."""
    columns = ["photographs", "trained on", "draws", "calibrated loss", "mIoU, decided", "mIoU, decided, against "
               "photographs alone", "better in", "against the start's renders", "better in"]
    lines = []
    for count in sorted({int(row["photographs"]) for row in rows}):
        by_arm = {arm: {row["draw"]: row for row in rows if (row["arm"], row["photographs"]) == (arm, str(count))}
                  for arm in _NAMES}
        for arm, name in _NAMES.items():
            own = by_arm[arm]
            if own:
                lines.append([str(count), name, str(len(own)), *(median(own, column) for column in ("loss", "decided")),
                    *(cell for other in ("real", "none") for cell in (
                        ["-"] * 2 if arm == other else against(own, by_arm[other], "decided")))])
    return markdown(columns, lines)
