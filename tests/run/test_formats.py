"""The formats of a generated data set: each read back by its reference library, or by our own reader, says the same."""

import dataclasses
import io
import itertools
import json
import tarfile
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from autosimulate_addon.core.datasets import read_dataset
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn
from autosimulate_addon.protocol import InputError, settings
from autosimulate_addon.run.images import formats
from autosimulate_addon.run.images.dataset_writer import write_dataset
from autosimulate_addon.run.images.formats.rendered import read_rendered
from autosimulate_addon.run.images.formats.yolo import outline_of

SPLIT = formats.Split.parse("60/20/20")
COUNT, EMPTY = 16, 3
#: Of each class of the stand-in; the renders have them in the order tip, foot, back.
KEYPOINTS = {"sphere": ["tip", "foot"], "cube": ["back", "foot"]}


class WithAnEmptyImage(StandIn):
    def render(self, draws, keys):
        for number, render in enumerate(super().render(draws, keys)):
            if number == EMPTY:
                render = dataclasses.replace(render, labels=render.labels * 0, instances=render.instances * 0)
            yield dataclasses.replace(render, extras=told(render))


def told(render):
    """Depth, normals, a camera, poses that turn by a quarter and double the model's size, and silhouettes of which
    as much is visible as is not."""
    depth = np.where(render.labels > 0, 2.5, np.inf).astype(np.float32)
    depth[0, 0] = 9.0
    pose = np.array([[0.0, -2, 0, 0.1], [2, 0, 0, 0.2], [0, 0, 2, 2.5], [0, 0, 0, 1]])
    posed = np.unique(render.instances)
    return {"depth": depth, "normal": np.ones((*depth.shape, 3), np.float32),
            "camera": np.array([[50.0, 0, 16], [0, 50, 12], [0, 0, 1]]), "posed": posed,
            "poses": np.repeat(pose[None], len(posed), 0), "whole": posed,
            "whole_masks": np.ones((len(posed), *depth.shape), bool),
            "whole_boxes": np.array([[-1.0, -2.0, 9.0, 20.0]] * len(posed)),
            "whole_pixels": np.array([2 * (render.instances == number).sum() for number in posed]),
            "keypointed": posed, "keypoints": np.tile([[3.25, 4.5, 2], [5, 6, 1], [0, 0, 0]], (len(posed), 1, 1))}


def test_the_window_and_the_help_offer_what_is_written():
    assert [choice.id for choice in settings.FORMATS] == list(formats.FORMATS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data set in all formats, and its images."""
    pytest.importorskip("h5py")
    folder = tmp_path_factory.mktemp("made") / "set"
    simulator = WithAnEmptyImage()
    psi = Psi.from_plain(simulator.factors, {factor.key: factor.start for factor in simulator.factors})
    write_dataset(folder, simulator, psi, count=COUNT, seed=3, iteration=7, info={"keypoints": KEYPOINTS})
    formats.write_formats(folder, formats.chosen(",".join(formats.FORMATS)), SPLIT)
    data = read_rendered(folder, SPLIT)
    subsets = dict(data.subsets())
    assert all(subsets.values()) and sum(map(len, subsets.values())) == COUNT
    assert not data.images[EMPTY].annotations and data.images[0].annotations
    return folder, data


def of(data, subset):
    return dict(data.subsets())[subset]


def test_coco(made):
    folder, data = made
    for subset, images in data.subsets():
        coco = COCO(folder / "coco/annotations" / f"instances_{subset}.json")
        assert sorted(entry["file_name"] for entry in coco.dataset["images"]) == [image.path.name for image in images]
        for image, entry in zip(images, coco.dataset["images"], strict=True):
            assert (folder / "coco" / subset / image.path.name).read_bytes() == image.path.read_bytes()
            labels = np.zeros(image.labels().shape, int)
            for each in coco.loadAnns(coco.getAnnIds(imgIds=[entry["id"]])):
                labels[coco.annToMask(each) > 0] = each["category_id"]
                assert each["visible_fraction"] == 0.5 and each["amodal_bbox"] == [-1, -2, 10, 22]
            assert np.array_equal(labels, image.labels())


def test_coco_keypoints(made):
    folder, data = made
    coco = COCO(folder / "coco/annotations/instances_train.json")
    named = {each["name"]: each.get("keypoints") for each in coco.loadCats(coco.getCatIds())}
    assert named == {**KEYPOINTS, "cylinder": None}
    told = {"sphere": [3.25, 4.5, 2, 5, 6, 1], "cube": [0, 0, 0, 5, 6, 1]}
    seen = set()
    for each in coco.loadAnns(coco.getAnnIds()):
        name = data.classes[each["category_id"]]
        seen.add(name)
        assert each.get("keypoints") == told.get(name)
        assert each.get("num_keypoints") == {"sphere": 2, "cube": 1}.get(name)
    assert seen == set(named)
    found = coco.loadRes([{"image_id": each["image_id"], "category_id": 1, "keypoints": each["keypoints"], "score": 1.0}
                          for each in coco.loadAnns(coco.getAnnIds(catIds=[1]))])
    evaluated = COCOeval(coco, found, "keypoints")
    evaluated.params.catIds, evaluated.params.kpt_oks_sigmas = [1], np.full(2, 0.05)
    evaluated.evaluate()
    evaluated.accumulate()
    assert evaluated.eval["precision"].max() == 1.0


def test_yolo_keypoints(made):
    folder, data = made
    assert "kpt_shape: [3, 3]  # tip, foot, back" in (folder / "yolo-pose/data.yaml").read_text()
    for image in data.images:
        width, height = image.size
        boxes, lines = ([line.split() for line in (folder / form / "labels" / image.subset / f"{image.name}.txt")
                         .read_text().splitlines()] for form in ("yolo", "yolo-pose"))
        assert [line[:5] for line in lines] == boxes
        tip, foot = [3.25 / width, 4.5 / height, 2], [5 / width, 6 / height, 1]
        for line in lines:
            points = {"0": [tip, foot, [0] * 3], "1": [[0] * 3, foot, [0] * 3], "2": [[0] * 3] * 3}[line[0]]
            assert [float(word) for word in line[5:]] == pytest.approx(np.ravel(points).tolist(), abs=1e-5)


def test_yolo_boxes(made):
    folder, data = made
    for subset, images in data.subsets():
        width, height = images[0].size
        read = read_dataset(folder / "yolo/images" / subset, data.classes, None, width, height, need_masks=False)
        assert read.names == tuple(image.path.name for image in images)
        for image, boxes in zip(images, read.boxes, strict=True):
            expected = [[each["category_id"], *each["bbox"][:2], each["bbox"][0] + each["bbox"][2],
                         each["bbox"][1] + each["bbox"][3]] for each in image.annotations]
            assert boxes == pytest.approx(np.array(expected, float).reshape(-1, 5), abs=1e-3)
    empty = data.images[EMPTY]
    assert (folder / "yolo/labels" / empty.subset / f"{empty.name}.txt").read_text() == ""


def test_yolo_outlines_enclose_the_masks(made):
    folder, data = made
    for subset, images in data.subsets():
        width, height = images[0].size
        read = read_dataset(folder / "yolo-seg/images" / subset, data.classes, None, 8 * width, 8 * height)
        for image, labels in zip(images, read.labels, strict=True):
            whole = image.labels().repeat(8, 0).repeat(8, 1)
            assert (labels == whole).mean() > 0.98
    files = [(folder / "yolo-seg/labels" / image.subset / f"{image.name}.txt") for image in data.images]
    assert [len(path.read_text().splitlines()) for path in files] == [len(image.annotations) for image in data.images]


def test_an_outline_joins_parts_and_keeps_the_edge():
    region = np.zeros((12, 20), bool)
    region[2:6, 3:9] = region[8:11, 12:18] = True
    outline = outline_of(region)
    x, y = outline.T
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2      # the shoelace formula; bridges have none
    assert area == pytest.approx(region.sum(), abs=0.3)
    assert (x.min(), y.min(), x.max(), y.max()) == (3, 2, 18, 11)
    assert len(outline) == 18                                                   # two cut corners a corner, two bridges


def test_voc(made):
    folder, data = made
    width, height = data.images[0].size
    read = read_dataset(folder / "voc", data.classes, None, width, height)
    assert np.array_equal(read.labels, np.stack([image.labels() for image in data.images]))
    for image, boxes in zip(data.images, read.boxes, strict=True):      # those that were written, to the pixel
        corners = [(x, y, x + w, y + h) for x, y, w, h in (each["bbox"] for each in image.annotations)]
        assert sorted(map(tuple, boxes[:, 1:].tolist())) == sorted(corners)
    for image in data.images:
        root = ElementTree.parse(folder / "voc/Annotations" / f"{image.name}.xml").getroot()
        objects = np.asarray(Image.open(folder / "voc/SegmentationObject" / image.path.name))
        found = root.findall("object")
        assert len(found) == len(image.annotations) == objects.max()
        for number, element in enumerate(found, start=1):
            rows, columns = np.nonzero(objects == number)
            box = [int(element.findtext(f"bndbox/{name}")) for name in ("xmin", "ymin", "xmax", "ymax")]
            assert box == [columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1]
    lists = [(folder / "voc/ImageSets/Main" / f"{name}.txt").read_text().split() for name in ("train", "val", "test")]
    assert sorted(itertools.chain(*lists)) == [image.name for image in data.images]


def test_bop(made):
    folder, data = made
    for subset, images in data.subsets():
        scene = folder / "bop" / subset / "000000"
        width, height = images[0].size
        ids = {name: index for index, name in enumerate(data.classes)}
        read = read_dataset(scene, data.classes, ids, width, height)
        assert np.array_equal(read.labels, np.stack([image.labels() for image in images]))
        cameras, truth, infos = (json.loads((scene / f"scene_{name}.json").read_text())
                                 for name in ("camera", "gt", "gt_info"))
        for number, image in enumerate(images):
            depth = np.asarray(Image.open(scene / "depth" / f"{number:06d}.png")) * cameras[str(number)]["depth_scale"]
            expected = image.map("depth") * 1000
            assert depth == pytest.approx(np.where(np.isfinite(expected), expected, 0), abs=0.1)
            assert cameras[str(number)]["cam_K"] == [50, 0, 16, 0, 50, 12, 0, 0, 1]
            for pose, info, each in zip(truth[str(number)], infos[str(number)], image.annotations, strict=True):
                assert pose["obj_id"] == each["category_id"] and pose["scale"] == [2, 2, 2]
                assert pose["cam_R_m2c"] == [0, -1, 0, 1, 0, 0, 0, 0, 1] and pose["cam_t_m2c"] == [100, 200, 2500]
                assert info["px_count_visib"] == info["px_count_valid"] == each["area"]
                assert info["bbox_visib"] == each["bbox"] and info["bbox_obj"] == [-1, -2, 10, 22]
                assert info["visib_fract"] == 0.5 and info["px_count_all"] == 2 * each["area"]
            masks = sorted((scene / "mask").glob(f"{number:06d}_*.png"))
            assert len(masks) == len(image.annotations) and all((np.asarray(Image.open(mask)) == 255).all()
                                                                for mask in masks)


def test_what_must_be_rendered_for_the_formats():
    assert formats.extras_of(["coco"], "") == ()
    assert formats.extras_of(["bop"], "normal") == ("amodal", "depth", "normal", "pose")
    with pytest.raises(InputError, match="no pass 'dept'"):
        formats.extras_of([], "dept")


def test_hdf5(made):
    import h5py

    folder, data = made
    for subset, images in data.subsets():
        for number, image in enumerate(images):
            with h5py.File(folder / "hdf5" / subset / f"{number}.hdf5") as file:
                assert np.array_equal(file["colors"], np.asarray(Image.open(image.path)))
                assert np.array_equal(file["class_segmaps"], image.labels())
                assert np.array_equal(file["instance_segmaps"], image.instances())
                assert np.array_equal(file["depth"], image.map("depth")) and file["normals"].shape[2] == 3
                named = json.loads(file["instance_attribute_maps"][()])
            assert [each["idx"] for each in named] == [each["instance"] for each in image.annotations]


def test_webdataset(made):
    folder, data = made
    for subset, images in data.subsets():
        with tarfile.open(folder / "webdataset" / f"{subset}-000000.tar") as tar:
            content = {entry.name: tar.extractfile(entry).read() for entry in tar}
        assert len(content) == 4 * len(images)
        for image in images:
            assert content[f"{image.name}.png"] == image.path.read_bytes()
            mask = Image.open(io.BytesIO(content[f"{image.name}.mask.png"]))
            assert np.array_equal(np.asarray(mask), image.labels())
            assert json.loads(content[f"{image.name}.json"])["annotations"] == image.annotations


class Hdf5Images(torch.utils.data.Dataset):
    """As a user of h5py and PyTorch reads them."""

    def __init__(self, folder):
        self.files = sorted(folder.glob("*.hdf5"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        import h5py

        with h5py.File(self.files[index]) as file:
            return tensors(file["colors"][()], file["class_segmaps"][()])


def tensors(colors, classes):
    return torch.from_numpy(colors).permute(2, 0, 1) / 255, torch.from_numpy(classes.astype(np.int64))


def train_an_epoch(loader, classes):
    """The images that a network of one layer was trained on, and by what its loss of the last batch fell."""
    torch.manual_seed(0)
    network, seen = torch.nn.Conv2d(3, classes, 3, padding=1), 0
    optimizer, loss = torch.optim.Adam(network.parameters(), 0.05), torch.nn.functional.cross_entropy
    before = None
    for colors, labels in loader:
        before = loss(network(colors), labels).item() if before is None else before
        optimizer.zero_grad()
        loss(network(colors), labels).backward()
        optimizer.step()
        seen += len(colors)
    return seen, before - loss(network(colors), labels).item()


def test_pytorchs_loader_trains_an_epoch_on_hdf5(made):
    folder, data = made
    loader = torch.utils.data.DataLoader(Hdf5Images(folder / "hdf5/train"), batch_size=4, shuffle=True)
    seen, gain = train_an_epoch(loader, len(data.classes))
    assert seen == len(of(data, "train")) and gain > 0


def test_webdatasets_loader_trains_an_epoch(made):
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed: bash headless/setup.sh test")
    folder, data = made
    images = webdataset.WebDataset(str(folder / "webdataset/train-000000.tar"), shardshuffle=False).shuffle(8)
    pairs = images.to_tuple("png", "mask.png").map_tuple(*2 * [lambda png: np.array(Image.open(io.BytesIO(png)))])
    loader = webdataset.WebLoader(pairs.map(lambda pair: tensors(*pair)), batch_size=4)
    seen, gain = train_an_epoch(loader, len(data.classes))
    assert seen == len(of(data, "train")) and gain > 0


def test_an_image_stays_in_its_subset_and_shares_are_kept():
    split = formats.Split.parse("80/10/10")
    counts = {name: 0 for name in ("train", "val", "test")}
    for sample in range(4000):
        counts[split.subset((5, 1, sample))] += 1
    assert counts["train"] == pytest.approx(3200, abs=80) and counts["val"] == pytest.approx(400, abs=60)
    first = {name: next(sample for sample in range(99) if split.subset((5, 1, sample)) == name) for name in counts}
    assert first == {"train": 0, "val": 17, "test": 1}       # in every process, for ever
    assert {formats.Split().subset((0, 0, sample)) for sample in range(50)} == {"train"}


@pytest.mark.parametrize("given", ["80", "a/b", "80/10/10/5", "-1/5", "0/10", "nan/1", "inf/1"])
def test_a_split_that_is_none_is_refused(given):
    with pytest.raises(InputError, match="80/10/10"):
        formats.Split.parse(given)


def test_a_format_that_there_is_not_is_named():
    with pytest.raises(InputError, match="no format 'yollo'"):
        formats.chosen("coco,yollo")
