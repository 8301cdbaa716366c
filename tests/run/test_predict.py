"""predict: what it writes of a folder of photographs, and what it refuses."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.delivered import DeliveredNetwork, files
from autosimulate_addon.core.networks import build
from autosimulate_addon.run import cli
from autosimulate_addon.run.record import network_file
from autosimulate_addon.run.record.directory import RunDirectory
from tests.packaging.test_imports import loaded_after_importing

CLASSES, SIZE = ("background", "red", "blue"), (32, 24)


class Primaries(torch.nn.Module):
    """The class of the strongest primary colour, as a convolution: a network whose answers are known."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Conv2d(3, 3, 1)
        self.head.weight.data = torch.tensor([[0.0, 0, 0], [20, -20, 0], [0, -20, 20]])[..., None, None]
        self.head.bias.data = torch.tensor([1.0, 0.0, 0.0])


MODULE = """
import torch
def build(num_classes):
    return torch.nn.Conv2d(3, num_classes, 1)
"""


@pytest.fixture
def taken_home(tmp_path):
    """A run with a network of the user's own file, and photographs: two that are whole, one that is not."""
    directory = RunDirectory(tmp_path / "run").network
    directory.root.mkdir(parents=True)
    (tmp_path / "own.py").write_text(MODULE)
    settings = LoopConfig(network="module", network_module=str(tmp_path / "own.py"), device="cpu")
    network = DeliveredNetwork(build("module", 3, module=tmp_path / "own.py"), torch.tensor([0.0, 0.25, 0.0])).eval()
    network.network.network.load_state_dict(Primaries().head.state_dict())
    files.write_safetensors(network, SIZE, directory.model("model.safetensors"))
    network_file.write(directory.description, network_file.Description(settings, CLASSES, SIZE), network, {})
    (tmp_path / "photos").mkdir()
    photo = np.full((240, 480, 3), 60, np.uint8)
    photo[40:120, 40:120, 0] = 255
    photo[60:200, 300:440, 2] = 255
    photo[160:200, 60:100, 0] = 255
    Image.fromarray(photo).save(tmp_path / "photos" / "wide.png")
    Image.fromarray(photo[:, :320]).save(tmp_path / "photos" / "a.jpg", quality=95)
    (tmp_path / "photos" / "broken.jpg").write_bytes((tmp_path / "photos" / "a.jpg").read_bytes()[:900])
    return tmp_path


def predict(folder, *extra, network="run"):
    return cli.main([str(part) for part in ("predict", "--network", folder / network, "--images", folder / "photos",
                                            "--output", folder / "out", *extra)])


def test_masks_overlays_and_results_of_what_can_be_read(taken_home, capfd):
    assert predict(taken_home, "--json", "--network-module", taken_home / "own.py") == 0
    told = capfd.readouterr()
    assert "broken.jpg is left out" in told.err and "1 of 3 left out" in told.err
    numbers = json.loads(told.out)
    assert numbers["images"] == 2 and numbers["failed"] == ["broken.jpg"]
    mask = np.asarray(Image.open(taken_home / "out/masks/wide.png"))
    assert mask.shape == (240, 480) and set(np.unique(mask)) == {0, 1, 2}
    assert (mask[50:110, 50:110] == 1).all() and (mask[70:190, 310:430] == 2).all() and mask[20, 250] == 0
    assert Image.open(taken_home / "out/overlays/wide.jpg").size == (480, 240)
    truth = COCO(taken_home / "out/coco_images.json")
    found = truth.loadRes(str(taken_home / "out/coco_results.json"))
    wide = next(image["id"] for image in truth.dataset["images"] if image["file_name"] == "wide.png")
    regions = found.loadAnns(found.getAnnIds(imgIds=[wide]))
    assert sorted(region["category_id"] for region in regions) == [1, 1, 2]     # the two red squares are two
    for index in (1, 2):
        parts = [rle.decode(each["segmentation"]) for each in regions if each["category_id"] == index]
        assert np.array_equal(np.sum(parts, axis=0) > 0, mask == index)
    assert all(0.5 < region["score"] <= 1 for region in regions)


def test_a_strangers_network_runs_no_code(taken_home, capfd):
    stored = json.loads((taken_home / "run/network/network.json").read_text())
    assert str(taken_home) not in json.dumps(stored)                            # no path to run
    (taken_home / "own.py").write_text("open('ran', 'w')" + MODULE)
    stored["network_module"] = str(taken_home / "own.py")
    (taken_home / "run/network/network.json").write_text(json.dumps(stored))
    assert predict(taken_home, network="run/network") == 2
    assert "--network-module" in capfd.readouterr().err and not (taken_home / "out").exists()


@pytest.mark.parametrize(("change", "said"), [
    ({"format": "x"}, "not the network.json"), ({"classes": "abc"}, "names no classes"),
    ({"input": {"width": 1e9, "height": 3}}, "no input size"), ({"network": "__import__"}, "choose one of"),
    ({"learner": ["head"]}, "must be names"), ({"decision_biases": None}, "no decision_biases"),
    ({"task": "nonsense"}, "choose one of")])
def test_what_network_json_cannot_mean_is_one_sentence(taken_home, capfd, change, said):
    path = taken_home / "run/network/network.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert predict(taken_home, "--network-module", taken_home / "own.py") == 2
    told = capfd.readouterr().err
    assert said in told and told.count("\n") == 1


def test_folders_that_hold_nothing_are_named(taken_home, capfd):
    assert predict(taken_home, network="photos") == 2
    assert "There is no network" in capfd.readouterr().err
    (taken_home / "photos").rename(taken_home / "images")
    (taken_home / "photos").mkdir()
    (taken_home / "images").rename(taken_home / "photos/images")
    assert predict(taken_home, "--network-module", taken_home / "own.py") == 2
    assert "did you mean" in capfd.readouterr().err


def test_it_needs_no_blender(repo_root):
    package = "autosimulate_addon.run"
    loaded = loaded_after_importing([f"{package}.cli", f"{package}.commands.predict"], repo_root)
    assert "torch" in loaded and not loaded & {"bpy", "mathutils"}


def test_the_lines_of_the_manual_give_the_mask(taken_home, repo_root):
    code = next(block for block in re.findall(r"```python\n(.*?)```", (repo_root / "docs/network.md").read_text(), re.S)
                if "onnxruntime" in block)
    assert "room-run" in code
    (taken_home / "run").rename(taken_home / "room-run")
    Image.open(taken_home / "photos/wide.png").crop((0, 0, 320, 240)).save(taken_home / "photo.jpg", quality=95)
    _, network = network_file.read(network_file.find(taken_home / "room-run"), str(taken_home / "own.py"))
    files.write_onnx(network, SIZE, taken_home / "room-run/network/model.onnx")
    code = code.replace("(128, 96)", str(SIZE)) + "\nprint(mask.shape, mask[8, 8], mask[12, 31], mask[2, 2])"
    said = subprocess.run([sys.executable, "-c", code], cwd=taken_home, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["(24,", "32)", "1", "2", "0"]
