"""What a run was asked to do: the settings, where each value came from, and config.json."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..protocol import InputError
from ..protocol.settings import SETTINGS, Setting, by_name, renamed
from .record.directory import read_json, write_json

FORMAT = "autosimulate-run"
VERSION = 1


class _Checked:
    """Everything that a run is asked for. Sizes in pixels, paths absolute; the fields are ``SETTINGS``."""

    def __post_init__(self) -> None:
        for setting in type(self).settings:
            setting.check(getattr(self, setting.name))
        if self.encoder == "module" and not self.encoder_module:
            raise InputError("--encoder module needs --encoder-module FILE, a Python file with build_encoder().")
        devices = self.worker_devices
        if devices and not re.fullmatch(r"[\w-]+(\s*,\s*[\w-]+)*", devices):
            raise InputError(f"--worker-devices {devices!r} is no list of graphics cards: write it like 0,1.")
        if devices and self.cluster:
            raise InputError("--worker-devices names this machine's graphics cards: leave it out, --cluster gives each "
                             "process one.")
        if self.network == "module" and not self.network_module:
            raise InputError("--network module needs --network-module FILE, a Python file with build(num_classes).")

    @property
    def fresh_count(self) -> int:
        """Images each fresh network of the final comparison is trained on."""
        return self.count or self.iterations * self.images


def config_class(settings: Sequence[Setting]) -> type:
    """A frozen dataclass with a field for each setting, which checks them when it is made."""
    fields = [(setting.name, setting.kind if setting.default is not None else setting.kind | None,
               dataclasses.field(default=setting.default)) for setting in settings]
    return dataclasses.make_dataclass("RunConfig", fields, bases=(_Checked,), frozen=True,
                                      namespace={"settings": tuple(settings), "__doc__": _Checked.__doc__})


RunConfig = config_class(SETTINGS)
FIELDS = by_name()


def combine(*sources: Mapping[str, Any]) -> RunConfig:
    """A configuration from several partial ones, first wins; None means "not said". Unknown names are an InputError."""
    values: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            if name not in FIELDS:
                raise InputError(f"Setting '{name}' is not known; known are {', '.join(sorted(FIELDS))}.")
            if value is not None:
                values.setdefault(name, value)
    return RunConfig(**values)


def save(config: RunConfig, path: Path, extra: Mapping[str, Any] | None = None) -> None:
    """Writes config.json."""
    write_json(path, {"format": FORMAT, "version": VERSION, **dataclasses.asdict(config), **(extra or {})})


def load(path: Path) -> RunConfig:
    """Reads config.json; keys this version does not know are ignored, so that older programs open newer runs."""
    stored = read_json(path, "run's config.json")
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise InputError(f"'{path}' is not the config.json of a run.")
    try:
        return RunConfig(**{name: value for name, value in renamed(stored).items() if name in FIELDS})
    except TypeError as error:
        raise InputError(f"'{path}' holds a setting of the wrong kind ({error}).") from error


def differences(asked: Mapping[str, Any], config: RunConfig) -> list[str]:
    """Names of the settings in ``asked`` (None: not said) that differ from ``config``."""
    return [name for name, value in asked.items()
            if name in FIELDS and value is not None and value != getattr(config, name)]
