"""Statistics of images and labels, against numbers that follow from the pictures themselves."""

import math

import pytest
import torch

from autosimulate_addon.core.features import (
    feature_groups,
    image_statistics,
    label_groups,
    label_statistics,
    make_encoder,
)


def test_image_statistics_are_means_and_deviations_whatever_the_chunk():
    encoder = make_encoder("filters")
    images = torch.rand(5, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    found = image_statistics(encoder, images, chunk=2)
    features = encoder(images).double().flatten(2)
    torch.testing.assert_close(found[:, :encoder.channels], features.mean(2).float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[:, encoder.channels:], features.std(2, correction=0).float(), rtol=1e-3, atol=1e-4)
    assert not found.requires_grad and image_statistics(encoder, images.requires_grad_()).requires_grad


def test_groups_of_features_cover_every_column_once():
    encoder = make_encoder("filters")
    groups = feature_groups(encoder)
    assert torch.cat(list(groups.values())).sort().values.tolist() == list(range(2 * encoder.channels))
    assert groups["colour"].tolist() == [0, 1, 2, encoder.channels, encoder.channels + 1, encoder.channels + 2]


def test_label_statistics_of_a_picture_one_can_count():
    labels = torch.zeros(2, 11, 21, dtype=torch.long)
    labels[0, 0, :] = 2                         # the top row
    labels[0, 5:, 0] = 255                      # 6 pixels that nobody labelled
    instances = torch.zeros(2, 11, 21, dtype=torch.int32)
    instances[0, 0, :10], instances[0, 0, 10:] = 1, 7
    found = label_statistics(labels, 3, instances)
    absent = [math.log(1e-4), 0, 0, 0, 0]
    top = [math.log(21 / 225 + 1e-4), 1, -1, 0, 2]
    assert found.tolist() == [pytest.approx(absent + top, abs=1e-5), pytest.approx(absent + absent, abs=1e-5)]
    groups = label_groups(3, counted=True)
    assert found[0, groups[2]].tolist() == pytest.approx(top, abs=1e-5)
    without = label_statistics(labels, 3)
    assert without[0, label_groups(3)[2]].tolist() == pytest.approx(top[:-1], abs=1e-5)
