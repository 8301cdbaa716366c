"""The detection task: losses per sample, the curvature of its outputs, decoding, boxes and average precision."""

import json
import math

import numpy as np
import pytest
import torch

from autosimulate_addon.core.tasks import boxes as box
from autosimulate_addon.core.tasks.average_precision import AveragePrecision
from autosimulate_addon.core.tasks.box_statistics import box_statistics
from autosimulate_addon.core.tasks.centre_grid import USUAL_SIZE, CentreGrid
from autosimulate_addon.core.tasks.detection import PRIOR, REGRESSION_WEIGHT, ROUND, DetectionTask
from autosimulate_addon.protocol import InputError

TASK = DetectionTask(("background", "cube", "ball"))
CONVEX = DetectionTask(TASK.classes, focus=0.0, rounded=torch.inf)
HEIGHT, WIDTH = 19, 26          # cells of 2 x 2, the last row of them of one pixel
ROWS = ([[1, 2, 3, 12, 11], [2, 14, 4, 21, 18.5], [2, 13.5, 3, 22, 19]], [[1, 0, 0, 5, 4]], [])


def targets(rows=ROWS):
    return box.boxes_of_pixels([np.array(each, np.float32).reshape(-1, 5) for each in rows], HEIGHT, WIDTH)


def outputs(seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(3, TASK.channels, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)


def perfect(boxes, scale=30.0):
    """Outputs that say exactly what the targets do."""
    grid = CentreGrid(HEIGHT, WIDTH)
    centres, heat = grid.centres(boxes), grid.heat(boxes, 2)
    cells = torch.zeros(len(boxes), TASK.channels, grid.rows, grid.columns)
    cells[:, :2] = scale * (heat - 0.5)
    for image, there in enumerate(centres.there):
        for index in there.nonzero()[:, 0].tolist():
            cells[image, 2:].flatten(1)[:, centres.cells[image, index]] = centres.regressed[image, :, index]
    y, x = torch.arange(HEIGHT) // grid.stride, torch.arange(WIDTH) // grid.stride
    return cells[:, :, y][:, :, :, x]


def test_the_loss_is_centernet_s_by_the_slow_way():
    z, boxes = outputs(), targets()
    for image, rows in enumerate(ROWS):
        expected = 0.0
        mean = [[z[image, :, 2 * r:2 * r + 2, 2 * c:2 * c + 2].mean((1, 2)) for c in range(13)] for r in range(10)]
        places = [(int((y0 + y1) / 4), int((x0 + x1) / 4)) for _, x0, y0, x1, y1 in rows]
        for label in (1, 2):
            for r in range(10):
                for c in range(13):
                    p = torch.sigmoid(mean[r][c][label - 1] + PRIOR).item()
                    own = [(row, place) for row, place in zip(rows, places, strict=True) if row[0] == label]
                    if (r, c) in [place for _, place in own]:
                        expected -= (1 - p) ** 2 * math.log(p)
                        continue
                    bump = 0.0
                    for (_, x0, y0, x1, y1), (row, column) in own:
                        w, h = (x1 - x0) / 2, (y1 - y0) / 2
                        radius = int((math.sqrt((1.4 * (w + h)) ** 2 + 3.36 * w * h) - 1.4 * (w + h)) / 2)
                        bump = max(bump, math.exp(-((r - row) ** 2 + (c - column) ** 2)
                                                  / (2 * ((2 * radius + 1) / 6) ** 2)))
                    expected -= (1 - bump) ** 4 * p ** 2 * math.log(1 - p)
        for (_, x0, y0, x1, y1), (row, column) in zip(rows, places, strict=True):
            wanted = [math.log((x1 - x0) / WIDTH / USUAL_SIZE), math.log((y1 - y0) / HEIGHT / USUAL_SIZE),
                      (x0 + x1) / 4 - column - 0.5, (y0 + y1) / 4 - row - 0.5]
            for found, value in zip(mean[row][column][2:].tolist(), wanted, strict=True):
                residual = abs(found - value)
                expected += REGRESSION_WEIGHT * (residual - ROUND / 2 if residual > ROUND
                                                 else residual ** 2 / 2 / ROUND)
        assert TASK.losses(z, boxes)[image].item() == pytest.approx(expected / max(len(rows), 1), rel=1e-5)


def test_a_sample_s_loss_does_not_depend_on_the_batch_and_is_the_sum_of_its_parts():
    z, boxes = outputs(), targets()
    alone = torch.cat([TASK.losses(z[k:k + 1], boxes[k:k + 1]) for k in range(3)])
    assert torch.allclose(TASK.losses(z, boxes), alone, atol=1e-12)
    parts = TASK.parts(z, boxes)
    assert parts.shape == (3, HEIGHT, WIDTH) and torch.allclose(parts.sum((1, 2)), alone)
    instances = torch.zeros(3, HEIGHT, WIDTH, dtype=torch.long)
    instances[:, 3:11, 2:12] = 4
    credit = TASK.credit(parts, instances, 5)
    assert torch.allclose(credit[:, 4], parts[:, 3:11, 2:12].sum((1, 2))) and torch.allclose(credit.sum(1), alone)


@pytest.mark.parametrize("task", [TASK, CONVEX], ids=["focal", "convex"])
def test_curvature_is_the_hessian_without_what_is_negative(task):
    """The whole Hessian, dense, of the cells' means: diagonal, and the product is that of its positive part."""
    z, boxes, grid = outputs(scale=2.5)[:1, :, :6, :8], targets()[:1], CentreGrid(6, 8)
    cells = grid.pool(z)
    hessian = torch.autograd.functional.hessian(
        lambda flat: task.cell_losses(flat.view_as(cells), boxes, grid).sum(), cells.flatten())
    diagonal = hessian.diagonal()
    assert torch.allclose(hessian, torch.diag(diagonal), atol=1e-12)
    assert bool((diagonal < -1e-4).any()) == (task is TASK)
    assert (diagonal > 1e-3).sum() > 10
    tangent = torch.randn_like(z)
    expected = grid.spread((diagonal.clamp(min=0) * grid.pool(tangent).flatten()).view_as(cells))
    assert torch.allclose(task.curvature(z, tangent, boxes), expected, atol=1e-10)
    both = task.curvature(torch.cat([z, z]), torch.cat([tangent, tangent]), torch.cat([boxes, boxes]))
    assert torch.allclose(both, torch.cat([expected, expected]) / 2, atol=1e-10)


def test_pooling_and_spreading_are_transposes():
    grid = CentreGrid(HEIGHT, WIDTH)
    a, b = outputs(), torch.randn(3, TASK.channels, grid.rows, grid.columns, dtype=torch.float64)
    assert (grid.pool(a) * b).sum().item() == pytest.approx((a * grid.spread(b)).sum().item())
    assert max(CentreGrid(480, 640).rows, CentreGrid(480, 640).columns) == 80


def test_perfect_heat_maps_are_decoded_to_the_boxes_and_score_one():
    boxes = targets((ROWS[0][:2], *ROWS[1:]))       # without the ball whose centre is in the cell of another's
    z = perfect(boxes)
    for image, found in enumerate(TASK.detections(z)):
        wanted = boxes[image][boxes[image, :, 0] > 0]
        found = found[found[:, 5] > 0.5]
        assert len(found) == len(wanted)
        for row in wanted:
            assert (found[:, :5] - row).abs().max(1).values.min() < 1e-5
    scores = TASK.evaluate(lambda x: z[x.long()], torch.arange(3), boxes, batch=2)
    assert scores.per_class == {"cube": pytest.approx(1), "ball": pytest.approx(1)}
    assert scores.metric == pytest.approx(1)
    assert scores.also["COCO mAP"] == pytest.approx(1)
    assert TASK.losses(perfect(boxes, 1e3), boxes).max() < 1e-4


def test_boxes_of_instances_are_those_of_their_visible_pixels():
    labels, instances = torch.zeros(2, 12, 16, dtype=torch.uint8), torch.zeros(2, 12, 16, dtype=torch.int32)
    labels[0, 2:7, 3:9], instances[0, 2:7, 3:9] = 1, 7
    labels[0, 4:12, 6:16], instances[0, 4:12, 6:16] = 1, 2          # of the same class, in front of it
    labels[1, 0:2, 0:9], instances[1, 0:2, 0:9] = 2, 70             # two rows high
    labels[1, 5:9, 5:9], instances[1, 5:9, 5:9] = 255, 9            # not counted
    found = box.boxes_of_instances(labels, instances, 3)
    size = torch.tensor([1, 16, 12, 16, 12])
    assert (found[0, :2] * size).tolist() == [[1, 6, 4, 16, 12], [1, 3, 2, 9, 7]] and not found[0, 2:].any()
    assert not found[1].any()
    assert (box.boxes_of_instances(labels, instances, 2)[1, 0] * size).tolist() == [2, 0, 0, 9, 2]
    again = box.boxes_of_pixels([(found[k] * size).numpy() for k in range(2)], 12, 16)
    assert torch.equal(again[0, :2], found[0, :2])


def test_class_maps_alone_are_refused():
    with pytest.raises(InputError, match="only class masks"):
        TASK.targets(torch.zeros(1, 4, 4))


def test_statistics_tell_areas_counts_and_places():
    found = box_statistics(targets(), 3)
    area = (10 / WIDTH) * (8 / HEIGHT)
    assert found[0, :2].tolist() == pytest.approx([math.log(area), 1])
    assert found[0, 2:4].tolist() == pytest.approx([2 * 7 / HEIGHT - 1, 2 * 7 / WIDTH - 1])
    assert found[0, 5] == 2 and found[2, 1] == 0 and found[2, 2:4].tolist() == [0, 0] and found[2, 0].isnan()
    assert TASK.statistics_groups()["ball"].tolist() == [4, 5, 6, 7]


def test_average_precision_is_pycocotools(tmp_path):
    """Random boxes and detections against COCO's own way through its files, and its printed summary."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    random = np.random.default_rng(4)
    ours = AveragePrecision(("background", "a", "b", "c"))
    annotations, results = [], []
    for image in range(1, 13):
        corner = random.uniform(0, 60, (5, 2))
        truth = np.column_stack((random.integers(1, 3, 5), corner, corner + random.uniform(8, 40, (5, 2))))
        found = truth[random.random(5) < 0.8] + np.pad(random.normal(0, 3, (1, 4)), ((0, 0), (1, 0)))
        stray = random.uniform(0, 60, (4, 2))
        found = np.vstack((found, np.column_stack((random.integers(1, 4, 4), stray, stray + 20))))
        found = np.column_stack((found, random.random(len(found))))
        ours.add(truth, found)
        for index, x0, y0, x1, y1 in truth:
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": int(index), "iscrowd": 0,
                                "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)})
        results += [{"image_id": image, "category_id": int(index), "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}
                    for index, x0, y0, x1, y1, score in found]
    (tmp_path / "truth.json").write_text(json.dumps({
        "images": [{"id": image} for image in range(1, 13)], "categories": [{"id": 1}, {"id": 2}],
        "annotations": annotations}))
    truth = COCO(tmp_path / "truth.json")
    run = COCOeval(truth, truth.loadRes([each for each in results if each["category_id"] < 3]), "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
    half, coco = ours.scores()
    assert 0.1 < run.stats[0] < run.stats[1] < 0.95 and set(half) == {"a", "b"}
    assert np.mean(list(half.values())) == pytest.approx(run.stats[1])
    assert np.mean(list(coco.values())) == pytest.approx(run.stats[0])


def test_no_box_at_all_gives_nan_not_zero():
    scores = TASK.evaluate(lambda x: outputs()[:1], torch.zeros(1), torch.zeros(1, 3, 5))
    assert math.isnan(scores.metric) and scores.per_class == {}


def test_calibration_makes_the_scale_of_the_heat_maps_nothing():
    boxes = targets()
    z = perfect(boxes, 4.0).double() + 0.7 * outputs()
    scaled = torch.cat([3 * z[:, :2] - 2, z[:, 2:]], 1)
    values = [TASK.objective([(each, boxes)], 3, "calibrated", 0.0)(each, boxes).item() for each in (z, scaled)]
    raw = [TASK.objective([(each, boxes)], 3, "raw", 0.0)(each, boxes).item() for each in (z, scaled)]
    assert values[0] == pytest.approx(values[1], rel=1e-6) and abs(raw[0] - raw[1]) > 0.1
    assert values[0] < DetectionTask(TASK.classes, focus=0.0).losses(z, boxes).mean().item() - 0.1
    assert TASK.decision([(z, boxes)]) is None
