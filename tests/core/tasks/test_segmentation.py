"""The segmentation task: losses per sample, the curvature of its outputs, the metric."""

import math

import pytest
import torch
from torch import nn

from autosimulate_addon.core.datasets import IGNORE
from autosimulate_addon.core.hypergradient.products import hessian_product
from autosimulate_addon.core.tasks.segmentation import SegmentationTask
from autosimulate_addon.core.tasks.training import new_optimizer, train

TASK = SegmentationTask(("background", "cube", "sphere"))


def batch(seed=0, count=4):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, 3, 5, 6, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (count, 5, 6), generator=generator)
    labels[0, :2] = IGNORE
    return logits, labels


def test_sample_loss_is_weighted_cross_entropy_over_labelled_pixels():
    logits, labels = batch()
    for k in range(len(labels)):
        expected, count = 0.0, 0
        for i in range(5):
            for j in range(6):
                if (c := labels[k, i, j].item()) != IGNORE:
                    expected -= (0.3 if c == 0 else 1.0) * logits[k, :, i, j].log_softmax(0)[c].item()
                    count += 1
        assert TASK.losses(logits, labels)[k].item() == pytest.approx(expected / count, rel=1e-12)


def test_a_sample_s_loss_does_not_depend_on_the_batch():
    logits, labels = batch()
    together = TASK.losses(logits, labels)
    alone = torch.cat([TASK.losses(logits[k:k + 1], labels[k:k + 1]) for k in range(4)])
    assert torch.allclose(together, alone, atol=1e-14)


def test_image_without_labels_counts_nothing():
    logits, labels = batch()
    labels[1] = IGNORE
    assert TASK.losses(logits, labels)[1].item() == 0


def test_curvature_is_the_hessian_of_the_mean_loss():
    logits, labels = batch()
    tangent = torch.randn_like(logits)
    expected = hessian_product(lambda z: TASK.losses(z, labels).mean(), logits)(tangent)
    assert torch.allclose(TASK.curvature(logits, tangent, labels), expected, atol=1e-14)


class Fixed(nn.Module):
    """Predicts what is painted into the images' channels."""

    def forward(self, images):
        return 10 * images


def test_metric_is_the_mean_over_foreground_classes_that_occur():
    labels = torch.zeros(2, 4, 4, dtype=torch.int64)
    labels[0, :2] = 1                                    # 8 pixels of class 1; class 2 does not occur
    labels[1, 3] = IGNORE
    prediction = labels.clone()
    prediction[1, 3] = 1                                 # on ignored pixels: no mistake
    prediction[0, 0, 0] = 0                              # one miss
    prediction[1, 0, 0] = 2                              # a false alarm of a class that does not occur
    images = nn.functional.one_hot(prediction, 3).permute(0, 3, 1, 2).float()
    scores = TASK.evaluate(Fixed(), images, labels, batch=1)
    assert scores.per_class == {"cube": pytest.approx(7 / 8)}
    assert scores.metric == pytest.approx(7 / 8)
    assert scores.loss == pytest.approx(TASK.losses(10 * images, labels).mean().item())


def test_no_foreground_at_all_gives_nan_not_zero():
    scores = TASK.evaluate(Fixed(), torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64))
    assert math.isnan(scores.metric) and scores.per_class == {}


def test_training_lowers_the_loss_and_cosine_ends_at_zero():
    torch.manual_seed(0)
    network = nn.Conv2d(3, 3, 1)
    images = torch.rand(8, 3, 4, 4)
    labels = images.argmax(1)
    before = TASK.evaluate(network, images, labels).loss
    optimizer = new_optimizer(network, 0.1)
    train(TASK, network, optimizer, lambda step: (images, labels), 50, cosine=True)
    assert TASK.evaluate(network, images, labels).loss < 0.5 * before
    assert optimizer.param_groups[0]["lr"] < 1e-3
    assert not network.training
