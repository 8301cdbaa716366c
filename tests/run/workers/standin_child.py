"""A render process without Blender: small pictures that follow from draw and key alone, and faults on demand.

The order names the faults by sample number, ``{"die": [3], ...}``, and a folder in which each fault is counted: it
happens ``times`` times, whichever process it happens to.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

import numpy as np

from autosimulate_addon.protocol import InputError, Render
from autosimulate_addon.run.workers import frames
from autosimulate_addon.run.workers.serve import Renderer, serve

SIZE = (3, 4)
ABOUT = {"layers": ["lamp"], "size": list(SIZE)}


def picture(draw, key):
    random = np.random.default_rng([*key])
    layers = (random.random((1, *SIZE, 3)) * draw["x"].sum()).astype(np.float16)
    return Render(key, draw, layers, np.ones((1, 3), np.float32), random.integers(0, 3, SIZE, dtype=np.uint8),
                  random.integers(0, 9, SIZE, dtype=np.uint16))


def happens(order, fault, sample):
    """Whether this fault is due, which counts it."""
    if sample not in order["faults"].get(fault, ()):
        return False
    for number in range(order["times"]):
        with contextlib.suppress(FileExistsError):
            (Path(order["folder"]) / f"{fault}_{sample}_{number}").touch(exist_ok=False)
            return True
    return False


@contextlib.contextmanager
def opened(order):
    Path(order["folder"], f"started_{os.getpid()}").touch()
    if happens(order, "start", 0):
        os._exit(9)
    print("Blender 4.5", flush=True)        # which is not to be taken for a message

    def render(draw, key):
        print("Saved: nothing", flush=True)
        time.sleep(order.get("seconds", 0.0))
        if happens(order, "die", key.sample):
            sys.stderr.write("Segmentation fault")
            sys.stderr.flush()
            os._exit(11)
        if happens(order, "hang", key.sample):
            time.sleep(60.0)
        if happens(order, "refuse", key.sample):
            raise InputError("The lamp's energy is no number.")
        if happens(order, "raise", key.sample):
            raise RuntimeError("an error of the program")
        result = picture(draw, key)
        if happens(order, "shape", key.sample):
            return Render(key, draw, result.layers[:, :2], result.reference, result.labels, result.instances)
        return Render(**{**vars(result), "key": key})

    yield Renderer({"layers": ["lamp"], "size": [9, 9]} if order.get("other_scene") else ABOUT, render,
                   lambda: {"expected": ["cube"]})


def forget(order):
    Path(order["folder"], "forgotten").touch()


if __name__ == "__main__":
    if "babble" in sys.argv:
        os.write(1, b"Blender 4.5\n" + frames.GREETING + b"no message at all, and long enough to be read as one")
        time.sleep(60.0)
    serve(opened, forget)
