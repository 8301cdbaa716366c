"""From a command line to an exit code: 0 done, 1 unexpected, 2 bad input, 130 stopped by the user."""

from __future__ import annotations

import argparse
import errno
import importlib
from collections.abc import Sequence
from typing import Any, TextIO

from ..protocol import AutoSimulateError, Cancelled, InputError
from .arguments import WITHOUT_BLENDER, parse
from .process import requirements
from .process.log import Log
from .process.names import FOLDER_SUMMARY, PACK_SCENE, RENDER_WORKER
from .process.streams import results_only_stdout, say, write_json_line

#: What the operating system says when the user's disk, quota or permissions stand in the way.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Something of another kind is there, or the name cannot be one; on Windows not all of these exist.
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG,
                 errno.ELOOP)


def run_process(argv: Sequence[str]) -> int:
    """``main`` for a process of its own: whatever Blender prints on leaving does not end up among the results."""
    if list(argv) == [RENDER_WORKER]:       # said by another process of ours
        from .commands.render_worker import run
        return run()
    if list(argv[:1]) == [FOLDER_SUMMARY]:
        from .commands import folder_summary
        return folder_summary.run(argv[1])
    if list(argv[:1]) == [PACK_SCENE]:
        from .commands.pack_scene import pack
        return pack(*argv[1:])
    return _main(argv, for_good=True)


def main(argv: Sequence[str]) -> int:
    """Runs one command and returns the exit code. Standard output carries nothing but the ``--json`` line."""
    return _main(argv, for_good=False)


def _main(argv: Sequence[str], for_good: bool) -> int:
    try:
        options = parse(argv)
    except InputError as error:
        say(f"Error: {error}")
        return error.exit_code
    except SystemExit as shown:         # --help
        return int(shown.code or 0)
    chatter = options.log_level == "debug"
    with results_only_stdout(chatter, for_good) as results, Log(options.log_level) as log:
        return _guarded(options, results, log)


def _guarded(options: argparse.Namespace, results: TextIO, log: Log) -> int:
    try:
        numbers = _dispatch(options, log)
        if options.json:
            write_json_line(results, numbers)
        return 0
    except Cancelled as stopped:
        say(str(stopped))
        return stopped.exit_code
    except KeyboardInterrupt:
        say("Stopped.")
        return Cancelled.exit_code
    except AutoSimulateError as error:
        say(f"Error: {error}")
        return error.exit_code
    except OSError as error:
        if error.errno in _DISK_FULL:
            say(f"Error: The disk is full ({error.filename or 'no file name known'}); free some space and go on with "
                f"--resume.")
            return InputError.exit_code
        if error.errno in _NOT_WRITABLE:
            say(f"Error: '{error.filename}' cannot be written ({error.strerror}); give another --output or change "
                f"its permissions.")
            return InputError.exit_code
        return _unexpected(error, log)
    except Exception as error:          # the last line of defence: never a traceback on the screen
        return _unexpected(error, log)


def _unexpected(error: Exception, log: Log) -> int:
    first = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
    path = log.exception("unexpected error")
    say(f"Unexpected error: {type(error).__name__}: {first}{f' (details in {path})' if path else ''}.")
    return 1


def _dispatch(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    """Runs the command and returns its final numbers. Only the commands that need heavy modules import them."""
    requirements.use_site_packages(options.site_packages)
    if options.command in WITHOUT_BLENDER:
        requirements.check(options.command)
    else:
        requirements.check_blender()
        requirements.check(options.command, options.method or "", options.network or "", options.task or "")
    command = importlib.import_module(f".commands.{options.command}", __package__)
    return command.run(options, log)
