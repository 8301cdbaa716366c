"""The mean IoU of probabilities: against the metric's own definition, and part by part against the whole."""

import pytest
import torch

from autosimulate_addon.core.datasets import IGNORE
from autosimulate_addon.core.tasks.soft_miou import overlap, total


def batch(count=6, classes=4):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(classes - 1, (count, 5, 6), generator=generator)        # the last class never occurs
    labels[0, :2] = IGNORE
    return torch.randn(count, classes, 5, 6, generator=generator, dtype=torch.float64), labels


def test_of_decisions_it_is_the_metric():
    from torchmetrics.functional.classification import multiclass_jaccard_index

    logits, labels = batch()
    logits[:, 3] = -1e9         # torchmetrics counts a class that is only predicted, this project does not
    expected = multiclass_jaccard_index(logits.argmax(1), labels, 4, average=None, ignore_index=IGNORE)[1:3].mean()
    assert overlap(1e6 * logits, labels).miou.item() == pytest.approx(expected.item(), rel=1e-6)


def test_parts_add_up_to_the_gradient_of_the_whole():
    logits, labels = batch()
    labels[4:] = 0              # a part without any foreground
    logits.requires_grad_()
    expected, = torch.autograd.grad(overlap(logits, labels).miou, logits)
    whole = total(overlap(x, y) for x, y in zip(logits.split(2), labels.split(2), strict=True))
    assert whole.miou.item() == pytest.approx(overlap(logits, labels).miou.item(), rel=1e-12)
    parts = sum(whole.first_order(overlap(x, y)) for x, y in zip(logits.split(2), labels.split(2), strict=True))
    found, = torch.autograd.grad(parts, logits)
    assert expected.abs().max() > 0 and torch.allclose(found, expected, rtol=1e-10, atol=1e-15)
    assert (found[0, :, :2] == 0).all()


def test_without_foreground_it_is_0_and_so_is_its_gradient():
    logits, labels = batch()
    logits.requires_grad_()
    found = overlap(logits, torch.zeros_like(labels))
    gradient, = torch.autograd.grad(total([found]).first_order(found), logits)
    assert found.miou == 0 and (gradient == 0).all()
