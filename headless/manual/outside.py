"""MkDocs' hook: what the manual's pages link to outside of docs/ becomes part of the site, below repository/.

So the same links work in a checkout and on the site, and a figure lies in one place.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

#: Where they are on the site.
FOLDER = "repository"
_LINK = re.compile(r"(\]\(|<img src=\")([^)\s\"#:]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files, and those that these link to in turn."""
    root = Path(config.config_file_path).parent
    waiting = [page.src_uri for page in files.documentation_pages()]
    waiting += [name for name in _named(config.nav) if name.startswith(FOLDER + "/")]
    while waiting:
        name = waiting.pop()
        if name.startswith(FOLDER + "/") and not files.get_file_from_path(name):
            files.append(File.generated(config, name, abs_src_path=str(root / name.removeprefix(FOLDER + "/"))))
        if name.endswith(".md"):
            text = files.get_file_from_path(name).content_string
            linked = {_on_site(name, found[2]) for found in _LINK.finditer(text)}
            waiting += [link for link in sorted(linked) if link.startswith(FOLDER + "/")
                        and (root / link.removeprefix(FOLDER + "/")).is_file()
                        and not files.get_file_from_path(link)]
    return files


def on_page_markdown(markdown: str, *, page: Page, files: Files, **_: object) -> str:
    """Points the links at where the files are on the site, and those to a folder at its first page."""
    here = posixpath.dirname(page.file.src_uri) or "."

    def pointed(found: re.Match[str]) -> str:
        there = _on_site(page.file.src_uri, found[2])
        first = f"{there}/README.md"
        return found[1] + posixpath.relpath(first if files.get_file_from_path(first) else there, here)

    return _LINK.sub(pointed, markdown)


def _on_site(page: str, link: str) -> str:
    """The place on the site of what ``page`` links to, whether it is in docs/ or not."""
    if page.startswith(FOLDER + "/"):
        there = posixpath.normpath(posixpath.join(posixpath.dirname(page.removeprefix(FOLDER + "/")), link))
    else:
        there = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
    inside = there.removeprefix("docs/")
    return f"{FOLDER}/{there}" if inside == there != "docs" else "." if there == "docs" else inside


def _named(nav: object) -> list[str]:
    """Every file that the navigation names."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return [name for part in parts for name in _named(part)]
