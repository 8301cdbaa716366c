"""A generated data set: the same files for the same seed, resumable image by image, readable as validation data."""

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from autosimulate_addon.core.datasets import read_dataset
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn
from autosimulate_addon.protocol import Cancelled, InputError
from autosimulate_addon.run.images.dataset_writer import write_dataset
from autosimulate_addon.run.record.directory import check_not_data


def digest(folder: Path) -> str:
    result = hashlib.sha256()
    for path in sorted([*folder.glob("*/*.png"), folder / "annotations.json"]):
        result.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return result.hexdigest()


class Counting(StandIn):
    """Counts what it renders, and stops like a user after ``limit`` images."""

    def __init__(self, limit=None):
        super().__init__()
        self.keys, self.limit = [], limit

    def render(self, draws, keys):
        for render in itertools.islice(super().render(draws, keys), self.limit):
            self.keys.append(render.key)
            yield render
        if self.limit is not None:
            raise Cancelled("stop")


def write(folder, simulator, count=5, seed=3):
    psi = Psi.from_plain(simulator.factors, {factor.key: factor.start for factor in simulator.factors})
    return write_dataset(folder, simulator, psi, count=count, seed=seed, iteration=7, info={"width": 32, "height": 24})


def test_same_seed_same_files_also_after_a_stop(tmp_path):
    write(tmp_path / "whole", Counting())
    stopped = Counting(limit=2)
    with pytest.raises(Cancelled):
        write(tmp_path / "parts", stopped)
    resumed = Counting()
    write(tmp_path / "parts", resumed)
    assert digest(tmp_path / "whole") == digest(tmp_path / "parts")
    assert sorted(stopped.keys + resumed.keys) == [(3, 7, index) for index in range(5)]


@pytest.mark.parametrize("folder", ["images", "masks", "instances"])
def test_a_picture_that_was_deleted_comes_again(tmp_path, folder):
    write(tmp_path, Counting(), count=3)
    before = digest(tmp_path)
    (tmp_path / folder / "000001.png").unlink()
    again = Counting()
    write(tmp_path, again, count=3)
    assert again.keys == [(3, 7, 1)] and digest(tmp_path) == before


def test_more_images_keep_those_there_are(tmp_path):
    write(tmp_path, Counting(), count=2)
    more = Counting()
    write(tmp_path, more, count=3)
    assert more.keys == [(3, 7, 2)]
    assert len(json.loads((tmp_path / "annotations.json").read_text())["images"]) == 3


def test_fewer_images_than_there_are_is_refused_and_nothing_changes(tmp_path):
    write(tmp_path, Counting(), count=3)
    before = digest(tmp_path)
    fewer = Counting()
    with pytest.raises(InputError, match="already holds 3 images, more than the 2 asked for"):
        write(tmp_path, fewer, count=2)
    assert not fewer.keys and digest(tmp_path) == before


def test_renders_do_not_go_among_photographs(tmp_path):
    (tmp_path / "val").mkdir()
    check_not_data(tmp_path / "val", validation=str(tmp_path / "val"))      # empty: to be filled
    (tmp_path / "val" / "photo.jpg").touch()
    for folder in (tmp_path / "val", tmp_path / "val" / "more", tmp_path / "other" / ".." / "val"):
        with pytest.raises(InputError, match="folder of the test images"):
            check_not_data(folder, validation="", test=str(tmp_path / "val"))
    check_not_data(tmp_path, validation=str(tmp_path / "val"), test="")


def test_it_reads_back_as_validation_data(tmp_path):
    simulator = Counting()
    write(tmp_path, simulator)
    read = read_dataset(tmp_path, simulator.classes, None, 32, 24)
    assert len(read) == 5 and read.labels.max() < len(simulator.classes)
    coco = json.loads((tmp_path / "annotations.json").read_text())
    for image_id, labels in enumerate(read.labels, start=1):
        annotated = sum(a["area"] for a in coco["annotations"] if a["image_id"] == image_id)
        assert annotated == np.count_nonzero(labels)


def test_another_seed_or_other_files_are_not_mixed_in(tmp_path):
    write(tmp_path / "a", Counting())
    with pytest.raises(InputError, match="another psi, seed or size"):
        write(tmp_path / "a", Counting(), seed=4)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="not empty"):
        write(tmp_path / "b", Counting())
