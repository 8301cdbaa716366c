"""The decision rule: biases for the best mean IoU."""

import torch

from autosimulate_addon.core.decision import STEP, decision_biases
from autosimulate_addon.core.tasks.segmentation import SegmentationTask

TASK = SegmentationTask(("background", "cube", "sphere"))


def _images(seed=0, count=6, size=24):
    """(logits, labels): outputs that know the classes with noise, and favour the background by 2."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (count, size, size), generator=generator)
    logits = torch.randn(count, 3, size, size, generator=generator)
    logits += 1.5 * torch.nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2)
    logits[:, 0] += 2.0
    return logits, labels


def _miou(logits, labels, biases):
    return TASK.evaluate(lambda index: logits[index.flatten().long()] + biases[:, None, None],
                         torch.arange(len(logits))[:, None].float(), labels).metric


def test_biases_take_back_a_preference_that_helps_nobody():
    logits, labels = _images()
    biases = decision_biases([(logits[:2], labels[:2]), (logits[2:], labels[2:])])
    assert biases[0] == 0 and biases[1:].min() > 1 and biases[1:].max() < 3.5
    others = _images(seed=1)
    assert _miou(*others, biases) > _miou(*others, torch.zeros(3)) + 0.05


def test_no_single_bias_of_the_grid_is_better():
    logits, labels = _images()
    biases = decision_biases([(logits, labels)])
    best = _miou(logits, labels, biases)
    for index in range(3):
        for change in torch.arange(-2, 2.01, STEP):
            moved = biases.clone()
            moved[index] += change
            assert _miou(logits, labels, moved) <= best + 2e-5


def test_outputs_that_are_right_and_classes_that_never_occur_are_left_alone():
    labels = torch.tensor([[[0, 1], [1, 255]]])
    logits = 5.0 * torch.nn.functional.one_hot(labels.clamp(max=2), 3).permute(0, 3, 1, 2).float()
    assert decision_biases([(logits, labels)]).tolist() == [0.0, 0.0, 0.0]
    assert decision_biases([(logits, torch.zeros_like(labels))]).tolist() == [0.0, 0.0, 0.0]
