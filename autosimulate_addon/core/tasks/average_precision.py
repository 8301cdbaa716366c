"""Average precision of boxes by COCO's own program (Lin et al., ECCV 2014), without its files and its printing."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...protocol import InputError

#: IoU of .5 is COCO's first threshold.
_HALF = 0


@dataclass
class AveragePrecision:
    """Collects images, and scores them all. Corners are in any unit that is the same for truth and detection."""

    classes: tuple[str, ...]                    # classes[0] is the background
    _truth: list[dict[str, Any]] = field(default_factory=list)
    _found: list[dict[str, Any]] = field(default_factory=list)
    _images: int = 0

    def add(self, truth: np.ndarray, found: np.ndarray) -> None:
        """One image: boxes (n, 5), class index and corners; detections (m, 6), class index, corners and score."""
        self._images += 1
        for index, x0, y0, x1, y1 in truth.tolist():
            self._truth.append({"id": len(self._truth) + 1, **self._box(index, x0, y0, x1, y1), "iscrowd": 0})
        for index, x0, y0, x1, y1, score in found.tolist():
            self._found.append({"id": len(self._found) + 1, **self._box(index, x0, y0, x1, y1), "score": score})

    def _box(self, index: float, x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
        return {"image_id": self._images, "category_id": int(index), "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0)}

    def scores(self) -> tuple[dict[str, float], dict[str, float]]:
        """By class that occurs in the truth: (AP at IoU .5, COCO's AP, the mean over IoU .5 to .95)."""
        occurring = sorted({each["category_id"] for each in self._truth})
        if not occurring:
            return {}, {}
        COCO, COCOeval = _programs()
        with contextlib.redirect_stdout(io.StringIO()):
            truth, found = COCO(), COCO()
            for coco, annotations in ((truth, self._truth), (found, self._found)):
                coco.dataset = {"images": [{"id": number + 1} for number in range(self._images)],
                                "categories": [{"id": index} for index in occurring], "annotations": annotations}
                coco.createIndex()
            run = COCOeval(truth, found, "bbox")
            run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
            run.params.maxDets = [100]
            run.evaluate()
            run.accumulate()
        precision = run.eval["precision"][:, :, :, 0, 0].mean(1)               # (thresholds, classes), over recalls
        names = [self.classes[index] for index in occurring]
        return (dict(zip(names, precision[_HALF].tolist(), strict=True)),
                dict(zip(names, precision.mean(0).tolist(), strict=True)))


def _programs() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise InputError("Detection is scored by pycocotools, which this Python does not have: install it.") from error
    return COCO, COCOeval
