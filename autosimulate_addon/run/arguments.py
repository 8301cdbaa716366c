"""The command line: flags, help, examples."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any

from ..protocol import InputError
from .config import APPROXIMATIONS, DEMO_STARTS, DEVICES, FIELDS, METHODS, NETWORKS

COMMANDS = {
    "optimize": "learn the distributions (this is the default)",
    "preview": "render a sheet of samples with their masks, drawn from the current distributions",
    "generate": "write a labelled data set: PNG images, index masks and a COCO JSON",
    "evaluate": "train a fresh network on images from given distributions and score it on a test folder",
    "describe": "list what is marked as learnable in the scene, and what could be",
    "build": "write one of the example scenes (demo, clevr, lmo) to a .blend file",
}

_DESCRIPTION = """\
Learns WHAT TO RENDER. Properties of a Blender scene that are marked as learnable (a light's energy, where an object
stands, which material it wears) get a probability distribution instead of a value. Small batches are rendered from
these distributions, a neural network is trained on them, and the distributions are moved so that the next batch makes
the network better on YOUR labelled validation images. The learned distributions end up in the scene.

commands
""" + "\n".join(f"  {name:10s}{text}" for name, text in COMMANDS.items())

_EXAMPLES = """\
examples
  Try it: a built-in demo scene whose right distributions are known but hidden (about three minutes)
      python headless/run.py --output demo-run

  Your scene, with properties marked in Blender's window, and a folder with images/ and masks/
      python headless/run.py --scene room.blend --validation photos/val --test photos/test --output room-run
      blender -q -b room.blend -P headless/run.py -- --validation photos/val --output room-run

  A scene without marks: say in a small text file what is learnable
      python headless/run.py --scene room.blend --marks learnable.toml --validation photos/val --output room-run

  Go on after Ctrl-C, a crash or a power cut
      python headless/run.py --resume room-run

  Look at samples, write 1000 labelled images from what was learned, score them
      python headless/run.py preview  --psi room-run --output room-preview
      python headless/run.py preview  --psi room-run --influence --output room-influence.png
      python headless/run.py generate --psi room-run --count 1000 --output room-data
      python headless/run.py evaluate --psi room-run --count 500 --test photos/test --output room-score

  What can be learned in this scene
      python headless/run.py describe --scene room.blend

exit codes: 0 done, 1 unexpected error (see log.txt in the run directory), 2 bad input, 130 stopped by the user
Everything is printed on standard error; with --json the final numbers follow as one line on standard output
(Blender's own first words come before it, unless started with -q).
"""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag like any other bad input: one sentence."""

    def error(self, message: str) -> Any:
        raise InputError(f"{message[:1].upper()}{message[1:]}; see --help.")


def parser() -> argparse.ArgumentParser:
    result = _Parser(prog="run.py", usage="run.py [COMMAND] [flags]", description=_DESCRIPTION, epilog=_EXAMPLES,
                     allow_abbrev=False,
                     formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=116))
    result.add_argument("command", nargs="?", default="optimize", metavar="COMMAND",
                        help="one of the commands above (default: optimize)")
    result.add_argument("what", nargs="?", metavar="SCENE", help="for build: demo, clevr or lmo")

    files = result.add_argument_group("files and folders")
    files.add_argument("--scene", metavar="FILE", help="the .blend to use; not needed when Blender has opened it; "
                                                       "without any scene the built-in demo is used")
    files.add_argument("--marks", metavar="FILE", help="TOML file that says what is learnable and what the classes "
                                                       "are, for scenes that carry no marks of their own")
    files.add_argument("--validation", metavar="DIR", help="real labelled images that drive the optimization: a folder "
                                                           "with images and index masks, COCO JSON, or BOP")
    files.add_argument("--test", metavar="DIR", help="labelled images that only the final comparison looks at")
    files.add_argument("--output", metavar="RUN", help="new run directory (default: a dated one below ./runs); for "
                                                       "preview, generate and evaluate the folder to write to; for "
                                                       "build the .blend")
    files.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped or killed")
    files.add_argument("--psi", metavar="RUN-or-psi.json", help="distributions to use (default: those in the scene); "
                                                                "optimize starts from them")
    files.add_argument("--data", metavar="DIR", help="for build: the folder with the assets of clevr or lmo")

    search = result.add_argument_group("optimization")
    search.add_argument("--method", choices=METHODS, help="autosimulate (default); lts, bo, random: baselines; "
                                                          "none: the distributions never move")
    search.add_argument("--approximation", choices=APPROXIMATIONS, help="how the effect of an image on the validation "
                                                                        "loss is estimated (default: quadratic)")
    search.add_argument("--literal", action=argparse.BooleanOptionalAction, default=None,
                        help="the published algorithm to the letter, without our improvements")
    search.add_argument("--demo-start", choices=DEMO_STARTS, help="where the built-in demo begins: narrow and wrong "
                                                                  "(default), or wide randomisation")
    search.add_argument("--iterations", type=int, metavar="N", help="steps of the distributions (default: 20)")
    search.add_argument("--images", type=int, metavar="N", help="images rendered per iteration (default: 24)")
    search.add_argument("--epochs", type=int, metavar="N", help="passes over the images per iteration")
    search.add_argument("--scored", type=int, metavar="N",
                        help="renders that each step of the distributions looks at: the iteration's own, and past ones "
                             "up to N (default: 128); fewer are faster and noisier")
    search.add_argument("--seed", type=int, metavar="N", help="same seed, same draws, images and result (default: 0)")
    search.add_argument("--control", action=argparse.BooleanOptionalAction, default=None,
                        help="also run the null control, whose distributions never move (default: yes)")
    search.add_argument("--match-brightness", action=argparse.BooleanOptionalAction, default=None,
                        help="first bring lights and exposure to the photographs' brightness, where every photograph is "
                             "far brighter or darker than the renders (default: yes)")
    search.add_argument("--compare", action=argparse.BooleanOptionalAction, default=None,
                        help="at the end compare start and learned distributions by fresh networks (default: yes)")

    search.add_argument("--fresh-networks", type=int, metavar="N",
                        help="fresh networks that judge each of the two, and in evaluate: the more, the better a gain "
                             "can be told from chance (default: 3)")

    images = result.add_argument_group("images")
    images.add_argument("--width", type=int, metavar="PX", help="render width (default: 128; demo: 64)")
    images.add_argument("--height", type=int, metavar="PX", help="render height (default: from the scene's shape)")
    images.add_argument("--samples", type=int, metavar="N", help="Cycles samples a pixel (default: the scene's)")
    images.add_argument("--count", type=int, metavar="N", help="generate: images to write; preview: images on the "
                                                               "sheet; evaluate and the final comparison: images a "
                                                               "fresh network is trained on")
    images.add_argument("--influence", action="store_true", help="preview: instead of samples, which pixels of "
                                                                 "the renders of --psi RUN helped, a heat map")

    network = result.add_argument_group("network and device")
    network.add_argument("--network", choices=NETWORKS, help="unet (default), efficientnet (pretrained encoder), smp "
                                                             "(segmentation-models-pytorch), module (your own)")
    network.add_argument("--networks", type=int, metavar="N", help="networks trained side by side, over which the step "
                                                                   "of the distributions is averaged (default: 3 "
                                                                   "for unet, else 1)")
    network.add_argument("--network-width", type=int, metavar="N", help="channels of the first layer")
    network.add_argument("--network-module", metavar="FILE", help="your own Python file with build(num_classes)")
    network.add_argument("--frozen-layers", type=int, metavar="N", help="first layers that are not trained")
    network.add_argument("--learning-rate", type=float, metavar="X", help="step of the network's training")
    network.add_argument("--device", choices=DEVICES, help="where the network runs (default: auto)")
    network.add_argument("--site-packages", metavar="DIR", help="folder where PyTorch is installed, for a Blender "
                                                                "whose own Python lacks it")

    output = result.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print the final numbers as one JSON line on standard "
                                                            "output")
    output.add_argument("--events", metavar="DIR", help="preview, generate: write events.jsonl there, for whoever "
                                                        "follows the job; a file 'cancel' there stops it (optimize "
                                                        "always has both in its run)")
    output.add_argument("--log-level", choices=("debug", "info", "warning"), default="info",
                        help="how much goes into log.txt (default: info); debug also shows Blender's own messages")
    return result


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parsed flags (None where not given). InputError with one sentence when they are wrong."""
    options, unknown = parser().parse_known_args(list(argv))
    if unknown:
        close = difflib.get_close_matches(unknown[0].split("=")[0], _flags(), n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"'{unknown[0]}' is not understood{hint}; see --help.")
    if options.command not in COMMANDS:
        close = difflib.get_close_matches(options.command, COMMANDS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"'{options.command}' is not a command{hint}; choose one of {', '.join(COMMANDS)}.")
    if options.what is not None and options.command != "build":
        raise InputError(f"Argument '{options.what}' is not understood after '{options.command}'; see --help.")
    return options


def _flags() -> list[str]:
    return [flag for action in parser()._actions for flag in action.option_strings]


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """The flags that are settings of a run, by their name in RunConfig (None: not given)."""
    return {name: getattr(options, name) for name in FIELDS if hasattr(options, name)}
