"""The extension as people get it: its zip with the manual inside, and the repository that Blender updates it from.

    python headless/release.py --output dist                     the zip
    python headless/release.py --output dist --repository site   also a repository of files for any web server: the zip,
                                                                 index.json, index.html to drag from, and the manual
    ... --platform                                               the zip by the rules of extensions.blender.org
    ... --website https://example.org/autosimulate/manual        where the manual is going to be: F1 then leads there

Blender's own tool builds, validates and lists: that of ``--blender``, or the one inside the bpy module.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What is taken of a checkout; the manifest says what of it is left out.
CONTENT = ("blender_manifest.toml", "__init__.py", "LICENSE", "README.md", "CHANGELOG.md", "autosimulate_addon",
           "headless/run.py")
#: What --platform leaves out: downloads, and changes of sys.path.
NOT_FOR_THE_PLATFORM = ("autosimulate_addon/ui/torch/install.py", "autosimulate_addon/ui/operators/install.py",
                        "autosimulate_addon/run/process/site_packages.py")
#: The repository's page. Blender's tool puts the link to drag into Blender where body stands.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>AutoSimulate for Blender</title>
<style>body {{ font-family: sans-serif; max-width: 60em; margin: 2em auto; }}</style></head>
<body>
<h1>AutoSimulate for Blender</h1>
<p>Drag the name below into Blender: it installs the extension and remembers this page, so that Preferences,
Get Extensions offers updates.</p>
${{body}}
<p>{links}</p>
<p>${{date}}</p>
</body>
</html>
"""


class ReleaseError(Exception):
    """One sentence for whoever releases."""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the zip goes")
    result.add_argument("--repository", type=Path, metavar="DIR", help="a repository to bring up to this version")
    result.add_argument("--website", default="", metavar="URL", help="where the manual is going to be")
    result.add_argument("--no-manual", dest="manual", action="store_false", help="leave the manual out of both")
    result.add_argument("--platform", action="store_true", help="leave out what extensions.blender.org does not take: "
                        "installing PyTorch, and PyTorch from a folder")
    result.add_argument("--blender", metavar="PROGRAM", help="the Blender to use instead of the bpy module")
    result.add_argument("--source", type=Path, default=ROOT, metavar="DIR", help="another checkout than this one")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        archive = build(options.source.resolve(), options.output.resolve(), options)
        print(f"'{archive}' is built.")
        if options.repository:
            publish(archive, options.source.resolve(), options.repository.resolve(), tool(options.blender),
                    manual=options.manual)
            print(f"'{options.repository}' is a repository with it: put the folder on a web server.")
    except ReleaseError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


def tool(blender: str | None) -> list[str]:
    """Blender's command line for extensions."""
    if blender:
        return [blender, "--command", "extension"]
    module = importlib.util.find_spec("bpy")
    places = [Path(place) for place in (module.submodule_search_locations or ())] if module else []
    found = [path for place in places for path in place.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")]
    if not found:
        raise ReleaseError("This Python has no bpy module: name a Blender with --blender PROGRAM.")
    return [sys.executable, str(found[0])]


def build(source: Path, output: Path, options: argparse.Namespace) -> Path:
    """The zip of a checkout, validated."""
    extension = tool(options.blender)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        stage = Path(folder)
        for name in CONTENT:
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (source / name).is_dir() else shutil.copyfile
            copy(source / name, stage / name)
        manifest = stage / "blender_manifest.toml"
        text = manifest.read_text(encoding="utf-8")
        if options.platform:
            for name in NOT_FOR_THE_PLATFORM:
                (stage / name).unlink()
            text = re.sub(r"^network = .*\n", "", text, flags=re.MULTILINE)
        manifest.write_text(with_website(text, options.website), encoding="utf-8")
        if options.manual:
            write_manual(source, stage / "manual", searchable=False)
        facts = tomllib.loads(text)
        archive = output / f"{facts['id']}-{facts['version']}{'-platform' if options.platform else ''}.zip"
        run([*extension, "build", "--source-dir", stage, "--output-filepath", archive])
    run([*extension, "validate", archive])
    return archive


def with_website(manifest: str, website: str) -> str:
    """A manifest's text with its website; without one as it is."""
    if not website:
        return manifest
    if not website.startswith(("http://", "https://")):
        raise ReleaseError(f"--website {website!r} is no address: it begins with https://.")
    if "website" in tomllib.loads(manifest):
        raise ReleaseError("The manifest has a website already: leave --website out, or the line in the manifest.")
    top, table, rest = manifest.partition("\n[")
    return f'{top.rstrip()}\nwebsite = "{website}"\n{table}{rest}'


def write_manual(source: Path, folder: Path, *, searchable: bool) -> None:
    """The manual's pages."""
    if importlib.util.find_spec("material") is None:
        raise ReleaseError("mkdocs-material is missing: run 'bash headless/setup.sh docs', or give --no-manual.")
    run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", source / "mkdocs.yml",
         "--site-dir", folder], AUTOSIMULATE_SEARCH=str(searchable).lower(), NO_MKDOCS_2_WARNING="1")
    for unused in folder.rglob("*.map"):
        unused.unlink()


def publish(archive: Path, source: Path, repository: Path, extension: list[str], *, manual: bool) -> None:
    """Brings a repository to the version of ``archive``; zips of others move to earlier/, which is not listed."""
    repository.mkdir(parents=True, exist_ok=True)
    name = archive.name.rpartition("-")[0]
    for old in repository.glob(f"{name}-*.zip"):
        (repository / "earlier").mkdir(exist_ok=True)
        old.replace(repository / "earlier" / old.name)
    shutil.copyfile(archive, repository / archive.name)
    links = '<a href="earlier/">Earlier versions</a>' if (repository / "earlier").is_dir() else ""
    if manual:
        shutil.rmtree(repository / "manual", ignore_errors=True)
        write_manual(source, repository / "manual", searchable=True)
        links = '<a href="manual/index.html">Manual</a> · ' \
                '<a href="manual/repository/CHANGELOG.html">Release notes</a> ' + links
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as page:
        page.write(PAGE.format(links=links))
        page.flush()
        run([*extension, "server-generate", "--repo-dir", repository, "--html", "--html-template", page.name])


def run(command: Sequence[object], **environment: str) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env={**os.environ, **environment}, check=False)
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise ReleaseError(f"'{' '.join(map(str, command[:4]))} ...' failed:\n" + "\n".join(last))


if __name__ == "__main__":
    sys.exit(main())
