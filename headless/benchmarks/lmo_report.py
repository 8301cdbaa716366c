"""IoU by class, and what was rendered at the start and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .statistics import median_interval
from .table import Table, number

#: Of a sheet in a committed figure, in pixels.
SHEET_WIDTH = 900


def write_classes(table: Table, classes: Sequence[str], path: Path) -> None:
    """Prints and draws the median IoU of each class and arm."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = table.rows()
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    if not arms:
        return
    print(f"{'IoU':14s}" + "".join(f"{name:>13s}" for name in classes))
    figure, axis = pyplot.subplots(figsize=(9, 3.6), layout="constrained")
    for place, arm in enumerate(arms):
        medians = [median_interval([number(row, f"iou {name}") for row in rows if row["arm"] == arm])[0]
                   for name in classes]
        print(f"{arm:14s}" + "".join(f"{value:13.3f}" for value in medians))
        axis.bar([index + 0.8 * place / len(arms) for index in range(len(classes))], medians, 0.8 / len(arms),
                 label=arm, align="edge")
    axis.set_xticks([index + 0.4 for index in range(len(classes))], classes)
    axis.set_ylabel("IoU on test photographs, median over seeds")
    axis.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def write_sheets(folder: Path, path: Path) -> None:
    """The run's sample sheets of start and end, one above the other."""
    from PIL import Image

    sheets = [Image.open(folder / f"{name}.png").convert("RGB") for name in ("start", "end")
              if (folder / f"{name}.png").exists()]
    if not sheets:
        return
    sheets = [sheet.resize((SHEET_WIDTH, round(sheet.height * SHEET_WIDTH / sheet.width))) for sheet in sheets]
    gap = 12
    whole = Image.new("RGB", (SHEET_WIDTH, sum(sheet.height for sheet in sheets) + gap * (len(sheets) - 1)), "white")
    top = 0
    for sheet in sheets:
        whole.paste(sheet, (0, top))
        top += sheet.height + gap
    whole.save(path, quality=85)
