"""log.txt: what a developer wants to know of a run; the user is told one sentence on standard error."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

logger = logging.getLogger("autosimulate")

_FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


class Log:
    """Context manager. Keeps records in memory until :meth:`write_to` says where they go."""

    def __init__(self, level: str = "info") -> None:
        self.path: Path | None = None
        self._level = getattr(logging, level.upper())
        self._handlers: list[logging.Handler] = []

    def __enter__(self) -> Log:
        import logging.handlers  # sockets and more: only a job keeps a log

        logging.captureWarnings(True)
        self._memory = logging.handlers.MemoryHandler(capacity=10_000, flushLevel=logging.CRITICAL + 1)
        self._attach(self._memory)
        return self

    def __exit__(self, *_: object) -> None:
        logging.captureWarnings(False)
        for handler in self._handlers:
            for source in self._sources():
                source.removeHandler(handler)
        if self.path is not None:
            self._memory.close()        # flushes into the file
        for handler in self._handlers:
            handler.close()

    def write_to(self, path: Path) -> None:
        """From now on records go to the end of ``path``, those so far first."""
        self.path = path
        file = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
        file.setFormatter(_FORMAT)
        self._memory.setTarget(file)
        self._memory.flush()
        self._attach(file)
        for source in self._sources():
            source.removeHandler(self._memory)

    def exception(self, message: str) -> Path | None:
        """Writes the present exception's traceback and returns the file it is in; None where there can be none."""
        if self.path is None:
            try:        # in a folder of our own: anybody may have made one of a name that is known beforehand
                self.write_to(Path(tempfile.mkdtemp(prefix="autosimulate-")) / "unexpected.txt")
            except OSError:
                return None
        logger.exception(message)
        return self.path

    def _attach(self, handler: logging.Handler) -> None:
        self._handlers.append(handler)
        for source in self._sources():
            source.addHandler(handler)
            source.propagate = False
        logger.setLevel(self._level)

    @staticmethod
    def _sources() -> tuple[logging.Logger, ...]:
        return logger, logging.getLogger("py.warnings")
