"""Which PyTorch the jobs will use, looked up once and kept: panels and polls only read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import package
from . import INSTALLS
from .location import TorchState, search

if TYPE_CHECKING:
    from .install import TorchInstall

_state: TorchState | None = None
#: The installation that runs, or the last one; its message stays until the next.
install: TorchInstall | None = None


def own_folder() -> Path:
    """Where "Install PyTorch" puts it."""
    return package.user_folder() / "site-packages"


def refresh() -> TorchState:
    """Looks again: after an installation, a changed preference, and before every job."""
    global _state
    preferences = package.preferences()
    _state = search(own_folder(), preferences.torch_folder if preferences and INSTALLS else "")
    return _state


def current() -> TorchState:
    return _state or refresh()


def installing() -> bool:
    return install is not None and not install.done


def unregister() -> None:
    global _state, install
    if install is not None:
        install.cancel()
    _state = install = None
