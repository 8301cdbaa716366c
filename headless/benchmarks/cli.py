"""From a command line to an exit code: 0 done, 2 bad input, 130 stopped."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from autosimulate_addon.protocol import InputError

COMMANDS = {
    "standin": "methods compared on the fast stand-in simulator, fresh networks, wide and narrow start",
    "gradient": "the estimator's instrument: cosines of the estimated psi-gradient, per approximation, K and lever",
    "demo": "the built-in demo in Blender: learned against null control, wide and oracle",
    "clevr": "CLEVR's own scene and assets in Blender, with a target configuration",
    "head-seconds": "a fit and hypergradient of the convex head, segmentation and detection, at LM-O's size",
    "overhead": "a render with masks against bare Cycles",
    "worker-kills": "render processes and a cluster, some killed, against the job alone: psi to the last bit",
    "worker-overlap": "rendering while networks are trained, against one after the other: wall time",
    "worker-renders": "renders a second by processes and threads; over many renders; over bare Cycles",
    "worker-scaling": "8 and 64 render processes that only sleep: how busy the job keeps them",
    "kill-resume": "runs killed and resumed against uninterrupted ones",
    "report": "results/RESULTS.md and its figures, from the CSVs",
    "photographs": "real photographs (LM-O) from a wide start: match and AutoSimulate, judged by fresh heads",
    "places": "the paper's own experiment: one choice among 54 states for a detector on real photographs (LM-O)",
    "places-course": "what p of places looks like over a run, and what 27 to 216 images of it are worth",
    "places-judges": "the p that places learned, judged by a larger detector and by networks with layers frozen",
    "solids": "a second real data set: cubes, spheres and cylinders on photographs with boxes, a detector",
    "dice": "a third real data set: dice on photographs with boxes, a detector",
    "complement": "photographs to train on (LM-O), alone and beside renders of the start and of a matched psi",
}


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="benchmark.py", description="Benchmarks of AutoSimulate. Each can be stopped and started again: a row "
        "that is in its CSV is not run again.", formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="benchmark.py COMMAND --help says what each measures and how long it takes.")
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        module = _module(name)
        command = commands.add_parser(name, help=text, description=module.__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
    return result


def main(argv: Sequence[str]) -> int:
    options = parser().parse_args(list(argv))
    try:
        _module(options.command).run(options)
        return 0
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def _module(name: str):
    return importlib.import_module(f"{__package__}.{name.replace('-', '_')}")
