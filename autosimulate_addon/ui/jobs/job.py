"""One background job: its process, what its events said, what of it is shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...run.record.directory import RunDirectory
from ..pictures import icons, raster
from .run_follower import RunFollower, RunState

#: What a job can be: identifier, name, description, as an EnumProperty takes them.
KINDS = (("OPTIMIZE", "Optimization", "The optimization of the distributions"),
         ("GENERATE", "Data Set", "The generation of a data set"),
         ("PREVIEW", "Sample Sheet", "The rendering of a sample sheet"))


@dataclass
class BackgroundJob:
    """A background job as the window knows it. ``kind``: one of KINDS."""

    kind: str
    directory: Path                     # where its events are
    scene: str
    process: subprocess.Popen | None = None
    log: Path | None = None
    result: Path | None = None          # what it makes: a picture, a data set
    made_from: str = ""                 # psi that a sample sheet shows, as text to compare
    total: int = 0                      # how many images it makes, where that is known
    on_end: Callable[[BackgroundJob], None] | None = None
    follower: RunFollower = field(init=False)
    cancelled_at: float = 0.0
    start: dict[str, dict] = field(default_factory=dict)    # psi before the run, once psi.json tells
    psi_now: dict[str, dict] = field(default_factory=dict)  # what the run has to give so far
    drawn: tuple = ()                   # the point that the curve's picture ends with
    _looked: float = 0.0
    curve_range: tuple[float, float] = (0.0, 1.0)
    sheet_stamp: float = 0.0

    def __post_init__(self) -> None:
        self.follower = RunFollower(self.directory)
        self.log = self.log or self.files.log

    @property
    def files(self) -> RunDirectory:
        """What is where in the job's folder."""
        return RunDirectory(self.directory)

    @property
    def state(self) -> RunState:
        return self.follower.state

    @property
    def curve_icons(self) -> tuple[int, ...]:
        return icons.wide(f"curve:{self.kind}")

    @property
    def sheet_icons(self) -> tuple[int, ...]:
        return icons.wide(f"sheet:{self.kind}")

    def sheet_of(self, which: str) -> tuple[int, ...]:
        """The samples of the run's "start" or "end", or its "predictions"; () before they are there."""
        return icons.wide(f"{which}:{self.kind}")

    def show_sheet(self, path: Path, which: str = "sheet") -> None:
        """Takes in a picture of samples. Raises RuntimeError when it cannot be read."""
        pixels = icons.read_image(path)
        tiles = 2 if pixels.shape[1] >= 1.5 * pixels.shape[0] else 1
        icons.forget(f"{which}:{self.kind}")
        icons.show_wide(f"{which}:{self.kind}", raster.boxed(pixels, 320 * tiles, 320), tiles)
