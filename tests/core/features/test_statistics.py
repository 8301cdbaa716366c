"""Statistics of images, against their definition."""

import torch

from autosimulate_addon.core.features import feature_groups, image_statistics, make_encoder


def test_image_statistics_are_means_and_deviations_whatever_the_chunk():
    encoder = make_encoder("filters")
    images = torch.rand(5, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    found = image_statistics(encoder, images, chunk=2)
    maps = [each.double().flatten(2) for each in encoder.scales(images)]
    means, deviations = (torch.cat(parts, 1).float() for parts in (
        [each.mean(2) for each in maps], [each.std(2, correction=0) for each in maps]))
    torch.testing.assert_close(found[:, :encoder.channels], means, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[:, encoder.channels:], deviations, rtol=1e-3, atol=1e-4)
    assert not found.requires_grad and image_statistics(encoder, images.requires_grad_()).requires_grad


def test_groups_of_features_cover_every_column_once():
    encoder = make_encoder("filters")
    groups = feature_groups(encoder)
    assert torch.cat(list(groups.values())).sort().values.tolist() == list(range(2 * encoder.channels))
    assert groups["colour"].tolist() == [0, 1, 2, encoder.channels, encoder.channels + 1, encoder.channels + 2]
