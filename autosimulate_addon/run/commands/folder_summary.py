"""What the window starts to look into a folder: prints its summary as one line of JSON. Needs neither torch nor bpy."""

from __future__ import annotations

import json

from ..images.folder_summary import folder_summary
from ..process import requirements


def run(request: str) -> int:
    """``request``: as JSON, a folder with packages ("" for none) and the arguments of ``folder_summary``."""
    packages, *arguments = json.loads(request)
    requirements.use_site_packages(packages or None)
    print(json.dumps(folder_summary(*arguments)))
    return 0
