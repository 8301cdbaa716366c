"""BOP (Hodan et al., bop.felk.cvut.cz): SUBSET/000000/ with rgb/, depth/, mask_visib/ and the scene's JSON files.

Millimetres, where a Blender unit is a metre; the camera is OpenCV's. obj_id is the class index. What is known of whole
silhouettes (bbox_obj, px_count_all, visib_fract, mask/) is -1, and empty, for what reaches behind the camera.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from ...record.directory import write_json
from .. import pictures
from .rendered import Rendered, RenderedImage, place

#: Millimetres that a step of a depth picture stands for, at least; more where 16 bits would not reach far enough.
FINEST = 0.1
MILLIMETRES = 1000.0


def write(data: Rendered, folder: Path) -> None:
    """One scene folder a subset, whose images are numbered from 0."""
    for subset, images in data.subsets():
        scene = folder / subset / "000000"
        scene.mkdir(parents=True)
        cameras, truth, infos = {}, {}, {}
        for number, image in enumerate(images):
            name = f"{number:06d}"
            place(image.path, scene / "rgb" / f"{name}.png")
            scale = _write_depth(image, scene / "depth" / f"{name}.png")
            cameras[number] = {"cam_K": np.ravel(image.record["camera"]).tolist(), "depth_scale": scale}
            truth[number], infos[number] = _objects(image, scene, name)
        for file, content in (("camera", cameras), ("gt", truth), ("gt_info", infos)):
            write_json(scene / f"scene_{file}.json", content)
    write_json(folder / "classes.json", {index: name for index, name in enumerate(data.classes) if index})


def _write_depth(image: RenderedImage, path: Path) -> float:
    """A 16-bit picture, 0 where nothing is; returns what one step is in millimetres."""
    depth = image.map("depth") * MILLIMETRES
    depth[~np.isfinite(depth)] = 0.0
    scale = max(FINEST, float(depth.max()) / np.iinfo(np.uint16).max)
    pictures.write_image(path, np.rint(depth / scale).astype(np.uint16))
    return scale


def _objects(image: RenderedImage, scene: Path, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(scene_gt, scene_gt_info) of the visible instances whose pose is known; their masks are written."""
    poses = {each["instance"]: np.array(each["model_to_camera"]) for each in image.record["poses"]}
    labels, instances, depth = image.labels(), image.instances(), image.map("depth")
    truth: list[dict[str, Any]] = []
    infos: list[dict[str, Any]] = []
    for each in image.annotations:
        if each["instance"] not in poses:       # of collections and geometry nodes
            continue
        region = (instances == each["instance"]) & (labels == each["category_id"])
        pictures.write_image(scene / "mask_visib" / f"{name}_{len(truth):06d}.png", region.astype(np.uint8) * 255)
        pose = poses[each["instance"]]
        scales = np.linalg.norm(pose[:3, :3], axis=0)
        truth.append({"obj_id": each["category_id"], "cam_R_m2c": (pose[:3, :3] / scales).ravel().tolist(),
                      "cam_t_m2c": (pose[:3, 3] * MILLIMETRES).tolist(), "scale": scales.tolist()})
        whole = each.get("amodal_segmentation")
        pictures.write_image(scene / "mask" / f"{name}_{len(infos):06d}.png", (
            rle.decode(whole) if whole else np.zeros_like(labels)) * np.uint8(255))
        infos.append({"bbox_visib": each["bbox"], "px_count_visib": int(region.sum()),
                      "px_count_valid": int((region & np.isfinite(depth)).sum()),
                      "bbox_obj": [round(part) for part in each.get("amodal_bbox", [-1] * 4)],
                      "px_count_all": each.get("amodal_area", -1),
                      "visib_fract": each.get("visible_fraction", -1)})
    return truth, infos
