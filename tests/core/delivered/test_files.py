"""The delivered network's files: other programs give what torch gives, on real photographs."""

import numpy as np
import pytest
import torch
from PIL import Image

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.delivered import DeliveredNetwork, empty_network, files
from autosimulate_addon.core.learners import LEARNERS
from autosimulate_addon.core.networks import build
from autosimulate_addon.protocol import InputError

SIZE = (128, 96)


def head():
    """The linear map of a head, with values of the size that fits have."""
    torch.manual_seed(3)
    network = LEARNERS["head"].skeleton(LoopConfig(learner="head", device="cpu"), 4)
    network.weight.copy_(torch.randn_like(network.weight) * 0.05)
    return network


def unet():
    torch.manual_seed(4)
    return build("unet", 4)


@pytest.mark.parametrize("make", [unet, head])
def test_onnx_gives_what_torch_gives_on_photographs(shared_data, tmp_path, make):
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.set_num_threads(1)
    paths = sorted((shared_data / "lmo" / "val" / "rgb").glob("*.jpg"))[:20]
    images = np.stack([np.asarray(Image.open(path).resize(SIZE)) for path in paths])
    images = images.transpose(0, 3, 1, 2).astype(np.float32) / 255
    assert len(images) == 20
    network = DeliveredNetwork(make(), torch.tensor([0.0, 0.5, -1.0, 2.0])).eval()
    files.write_onnx(network, SIZE, tmp_path / "model.onnx")
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    outputs, = session.run([files.OUTPUT], {files.INPUT: images})
    assert outputs.shape == (20, 4, 96, 128) and np.ptp(expected) > 1
    assert np.abs(outputs - expected).max() < 1e-4
    alone, = session.run(None, {files.INPUT: images[:1]})
    assert np.abs(alone - expected[:1]).max() < 1e-4


def test_the_program_is_loaded_without_our_code(tmp_path):
    network = DeliveredNetwork(unet(), torch.tensor([0.0, 0.5, -1.0, 2.0])).eval()
    files.write_program(network, (32, 24), tmp_path / "model.pt2")
    images = torch.rand(3, 3, 24, 32)
    outputs = torch.export.load(tmp_path / "model.pt2").module()(images)
    assert torch.allclose(outputs, network(images), atol=1e-5)


def test_safetensors_fill_a_network_of_the_same_kind_alone(tmp_path):
    network = DeliveredNetwork(unet(), torch.tensor([0.0, 0.5, -1.0, 2.0])).eval()
    files.write_safetensors(network, SIZE, tmp_path / "model.safetensors")
    same, other = (empty_network(LoopConfig(device="cpu", network_width=width), 4) for width in (8, 6))
    files.read_safetensors(same, tmp_path / "model.safetensors")
    images = torch.rand(2, 3, 24, 32)
    assert torch.equal(same(images), network(images))
    with pytest.raises(InputError, match=r"does not hold the values of the network"):
        files.read_safetensors(other, tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04nonsense")
    with pytest.raises(InputError, match="cannot be read"):
        files.read_safetensors(same, tmp_path / "model.safetensors")
