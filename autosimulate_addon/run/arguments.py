"""The command line: flags, help, examples."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..protocol import InputError
from ..protocol.settings import DATASET, GROUPS, SETTINGS, Setting, flag_of
from .config import FIELDS
from .examples import OF_ASSETS, STARTS, either, starts

COMMANDS = {
    "optimize": "learn the distributions (this is the default)",
    "preview": "render a sheet of samples with their masks, drawn from the current distributions",
    "generate": "write a labelled data set: PNG images, index masks and a COCO JSON",
    "evaluate": "train a fresh network on images from given distributions and score it on a test folder",
    "describe": "list what is marked as learnable in the scene, and what could be",
    "build": f"write one of the example scenes ({', '.join(STARTS)}) to a .blend file",
    "predict": "run a finished run's network on a folder of photographs (see 'predict --help'); needs no Blender",
}

#: Of these, those that only read files.
WITHOUT_BLENDER = ("predict",)

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

  Use the network of a run: masks, overlays and COCO results of your own photographs
      python headless/run.py predict --network room-run --images photos/new --output room-predicted

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


#: Flags that are no settings of a run: (heading, flag, what argparse is told).
_FLAGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("files", "--marks", {"metavar": "FILE", "help": "TOML file that says what is learnable and what the classes are, "
                          "for scenes that carry no marks of their own"}),
    ("files", "--output", {"metavar": "RUN", "help": "new run directory (default: a dated one below ./runs); for "
                           "preview, generate and evaluate the folder to write to; for build the .blend"}),
    ("files", "--resume", {"metavar": "RUN", "help": "go on with a run that was stopped or killed"}),
    ("files", "--psi", {"metavar": "RUN-or-psi.json", "help": "distributions to use (default: those in the scene); "
                        "optimize starts from them"}),
    ("files", "--start", {"metavar": "NAME", "help": f"for build: where the distributions begin: {starts()}; the "
                          "first is the default; target: the hidden ones, to render what stands for photographs"}),
    ("files", "--data", {"metavar": "DIR", "help": f"for build: the folder with the assets of {either(OF_ASSETS)}"}),
    ("images", "--influence", {"action": "store_true", "help": "preview: instead of samples, which pixels of the "
                               "renders of --psi RUN helped, a heat map"}),
    ("network", "--site-packages", {"metavar": "DIR", "help": "folder where PyTorch is installed, for a Blender whose "
                                    "own Python lacks it"}),
    ("output", "--json", {"action": "store_true", "help": "print the final numbers as one JSON line on standard "
                          "output"}),
    ("output", "--events", {"metavar": "DIR", "help": "preview, generate, predict: write events.jsonl there, for "
                            "whoever follows the job; a file 'cancel' there stops it (optimize always has both in its "
                            "run)"}),
    ("output", "--log-level", {"choices": ("debug", "info", "warning"), "default": "info",
                               "help": "how much goes into log.txt (default: info); debug also shows Blender's own "
                                       "messages"}),
)


#: Commands whose flags are their own: flag -> what argparse is told. (--network and --images mean other things there.)
_OWN: dict[str, dict[str, dict[str, Any]]] = {
    "predict": {
        "--network": {"metavar": "RUN", "help": "a run that has ended, or its folder network"},
        "--images": {"metavar": "DIR", "help": "the folder of photographs, of any sizes"},
        "--output": {"metavar": "DIR", "help": "where masks/ (class indices, at each photograph's own size), "
                                               "overlays/, coco_results.json and coco_images.json go"},
        "--network-module": {"metavar": "FILE", "help": "your own Python file, for a network that was built by one"},
        "--encoder-module": {"metavar": "FILE", "help": "your own Python file, for a head on an encoder that was built "
                                                        "by one"}}}
#: Of the flags above, those that every command has.
_SHARED = ("--site-packages", "--json", "--events", "--log-level")


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of one of ``_OWN``."""
    result = _Parser(prog=f"run.py {command}", description=COMMANDS[command].partition(" (see")[0] + ".",
                     allow_abbrev=False)
    result.set_defaults(command=command, method=None)
    for flag, options in _OWN[command].items():
        result.add_argument(flag, **options)
    for _, flag, options in _FLAGS:
        if flag in _SHARED:
            result.add_argument(flag, **options)
    return result


def parser(rows: Sequence[Setting] = SETTINGS) -> argparse.ArgumentParser:
    """The parser: the commands, a flag for each setting, and ``_FLAGS``."""
    result = _Parser(prog="run.py", usage="run.py [COMMAND] [flags]", description=_DESCRIPTION, epilog=_EXAMPLES,
                     allow_abbrev=False, formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
                         prog, max_help_position=28, width=116))
    result.add_argument("command", nargs="?", default="optimize", metavar="COMMAND",
                        help="one of the commands above (default: optimize)")
    result.add_argument("what", nargs="?", metavar="SCENE", help=f"for build: {either(tuple(STARTS))}")
    for key, heading in {**GROUPS, "output": "output"}.items():
        group = result.add_argument_group(heading)
        for setting in rows:
            if setting.group == key:
                group.add_argument(setting.flag, **_options(setting))
                if setting.formerly:
                    group.add_argument(flag_of(setting.formerly), dest=setting.name,
                                       **{**_options(setting), "help": argparse.SUPPRESS})
        for setting in DATASET if key == "images" else ():
            group.add_argument(setting.flag, **_dataset_options(setting))
        for place, flag, options in _FLAGS:
            if place == key:
                group.add_argument(flag, **options)
    return result


def _dataset_options(setting: Setting) -> dict[str, Any]:
    """As ``_options``, for one of ``generate`` alone. What a list may hold is checked by what obeys it."""
    names = f": {', '.join(choice.id for choice in setting.choices)}, with commas between" if setting.several else ""
    return {"metavar": setting.metavar, "help": f"generate: {setting.help}{names}"}


def _options(setting: Setting) -> dict[str, Any]:
    """What argparse is told of a setting. Its default is None: "not said"."""
    default = {True: "yes", False: "no"}.get(setting.default, setting.default) if setting.kind is bool else \
        setting.default
    text = setting.help + (f" (default: {default})" if default not in (None, "") else "")
    if setting.kind is bool:
        return {"action": argparse.BooleanOptionalAction, "default": None, "help": text}
    if setting.choices:
        return {"choices": [choice.id for choice in setting.choices], "help": text}
    return {"type": setting.kind, "metavar": setting.metavar, "help": text}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parsed flags (None where not given). InputError with one sentence when they are wrong."""
    own = argv[0] if argv and argv[0] in _OWN else None
    reading = parser_of(own) if own else parser()
    options, unknown = reading.parse_known_args(list(argv[1:] if own else argv))
    _check_homes(options)
    if unknown:
        close = difflib.get_close_matches(unknown[0].split("=")[0], _flags(reading), n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"'{unknown[0]}' is not understood{hint}; see --help.")
    if own:
        return options
    if options.command in _OWN:
        raise InputError(f"Put the command first: run.py {options.command} ...")
    if options.command not in COMMANDS:
        close = difflib.get_close_matches(options.command, COMMANDS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"'{options.command}' is not a command{hint}; choose one of {', '.join(COMMANDS)}.")
    if options.what is not None and options.command != "build":
        raise InputError(f"Argument '{options.what}' is not understood after '{options.command}'; see --help.")
    return options


def _check_homes(options: argparse.Namespace) -> None:
    """Raises InputError for a path that begins with the home folder of somebody whom this machine does not know."""
    for value in vars(options).values():
        try:
            if isinstance(value, str) and value.startswith("~"):
                Path(value).expanduser()
        except RuntimeError as error:
            raise InputError(f"'{value}' cannot be found: this machine knows no user '{value[1:].split('/')[0]}' with "
                             f"a home folder.") from error


def _flags(reading: argparse.ArgumentParser) -> list[str]:
    """Those that --help shows."""
    return [flag for action in reading._actions if action.help != argparse.SUPPRESS for flag in action.option_strings]


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """The flags that are settings of a run, by their name in RunConfig (None: not given)."""
    return {name: getattr(options, name) for name in FIELDS if hasattr(options, name)}
