"""MkDocs' hook: the table of a run's settings, where a page says ``<!-- settings -->``."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

PLACE = "<!-- settings -->"


def on_page_markdown(markdown: str, *, config: MkDocsConfig, **_: object) -> str:
    if PLACE not in markdown:
        return markdown
    root = str(Path(config.config_file_path).parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    from autosimulate_addon.protocol.settings import GROUPS, SETTINGS

    lines = []
    for group, heading in GROUPS.items():
        lines += ["", f"**{heading.capitalize()}**", "", "| flag | in the window | |", "|---|---|---|"]
        for row in SETTINGS:
            if row.group == group:
                choices = ": " + ", ".join(f"`{choice.id}`" for choice in row.choices) if row.choices else ""
                default = "" if row.default in (None, "") else f" (default: {_said(row.default)})"
                lines.append(f"| `{row.flag}` | {row.label} | {row.help}{choices}{default} |")
    return markdown.replace(PLACE, "\n".join(lines))


def _said(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
