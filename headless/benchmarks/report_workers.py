"""Answers about many renderers: the same psi, how busy they are, what they cost, whether long runs stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .table import number, read_rows

#: The arms of ``worker_kills``, in words.
ARMS = {"one": "one process", "in turn": "{workers} in turn with the training", "ahead": "{workers} ahead of it",
        "killed": "{workers} with {kills} kill -9 of a random one",
        "cluster": "a Ray cluster of two nodes, of which {kills} was killed",
        "cluster killed": "such a cluster with {kills} kill -9 of a random process"}


def answers(results: Path) -> Iterator[list[str]]:
    """One for each question whose CSVs are there."""
    for names, answer in ((("worker_kills",), _same), (("worker_scaling",), _scaling),
                          (("worker_overhead", "worker_long"), _renders),
                          (("worker_overlap", "worker_shapes"), _overlap)):
        paths = [results / f"{name}.csv" for name in names]
        if all(path.exists() for path in paths):
            yield answer(*(read_rows(path) for path in paths))


def _same(rows: list[dict[str, str]]) -> list[str]:
    checks = ("same_psi", "images_counted", "same_renders")
    whole = sum(row["exit_code"] == "0" and all(row[name] == "yes" for name in checks) for row in rows)
    arms = "; ".join(ARMS[row["arm"]].format_map(row) for row in rows)
    return ["rendered by other processes: psi to the last bit that of the job alone, no image lost or counted twice?",
            f"{whole} of {len(rows)} runs: {arms} (`worker_kills.csv`, `benchmark.py worker-kills`, "
            f"{rows[0]['commit']})"]


def _scaling(rows: list[dict[str, str]]) -> list[str]:
    found = "; ".join(f"{row['workers']} for {row['images']}: {number(row, 'of_ideal'):.2f} (job "
                      f"{100 * number(row, 'driver'):.0f} % of a core)" for row in sorted(rows, key=_shape))
    return [f"processes that sleep {rows[0]['seconds']} s a render: speed over the ideal, by images an iteration",
            f"{found}; load {_loads(rows)} on {rows[0]['machine'].rpartition(', ')[2]} (`worker_scaling.csv`, "
            f"`benchmark.py worker-scaling`, {rows[0]['commit']})"]


def _shape(row: dict[str, str]) -> tuple[int, int]:
    return int(row["workers"]), int(row["images"])


def _renders(overhead: list[dict[str, str]], long: list[dict[str, str]]) -> list[str]:
    cost = "; ".join(f"{row['size']}: {number(row, 'ratio'):.3f} (target {number(row, 'target'):g}; "
                     f"{row['process_ms']} ms there, {row['job_ms']} ms in the job, {row['bare_ms']} ms bare)"
                     for row in overhead)
    found = "; ".join(f"{row['renders']} at {row['size']}: {number(row, 'ratio'):.3f}, "
                      f"{number(row, 'growth_mb'):.1f} MB" for row in long)
    flags = f"--long {' '.join(row['renders'] for row in long)} --size {long[0]['size'].replace('x', ' ')}"
    return ["a render through a process over bare Cycles, processor time; the last 100 renders of many over the first "
            "100, and the growth of memory",
            f"{cost}. {found} (`worker_overhead.csv`, `worker_long.csv`, `benchmark.py worker-renders --overhead`, "
            f"`{flags}`, {overhead[0]['commit']}, {long[0]['commit']})"]


def _overlap(rows: list[dict[str, str]], shapes: list[dict[str, str]]) -> list[str]:
    found = "; ".join(f"{number(row, 'ratio'):.2f} (target {number(row, 'target'):.2f}; in turn {row['render_s']} s of "
                      f"rendering and {row['train_s']} s of training, ahead {row['ahead_s']} s)" for row in rows)
    speed = "; ".join(f"{row['processes']} of {row['threads']}: {number(row, 'renders_per_s'):.1f}" for row in shapes)
    return ["rendering while networks are trained: wall time over the larger of the two; renders a second by so many "
            "processes of so many threads",
            f"{found}; load {_loads(rows)}. {speed}; load {_loads(shapes)} (`worker_overlap.csv`, `worker_shapes.csv`, "
            f"`benchmark.py worker-overlap`, `worker-renders`, {rows[0]['commit']}, {shapes[0]['commit']})"]


def _loads(rows: list[dict[str, str]]) -> str:
    loads = sorted(number(row, "load") for row in rows)
    return f"{loads[0]:g}" if loads[0] == loads[-1] else f"{loads[0]:g} to {loads[-1]:g}"
