"""Which program wrote a file: its version, and its commit where it runs from a checkout."""

from __future__ import annotations

import contextlib
import subprocess
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]


def provenance() -> dict[str, str]:
    """{"version": "0.1.0", "commit": "..."}, as far as they are known; a commit with changes ends in "+"."""
    found = {}
    with contextlib.suppress(OSError, KeyError, ValueError):    # the package alone, without the extension around it
        found["version"] = str(tomllib.loads((_ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"])
    if (_ROOT / ".git").exists() and (commit := _git("rev-parse", "HEAD")):
        found["commit"] = commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    return found


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, timeout=10,
                              check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
