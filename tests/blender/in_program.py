"""The checks inside a real Blender, or under a bpy module, without pytest:

blender -b --factory-startup --python-exit-code 1 -P tests/blender/in_program.py
"""

import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bpy

from tests.blender import checks

failed = 0
for check in checks.ALL:
    began = time.perf_counter()
    try:
        check()
        outcome = "ok"
    except Exception:
        failed += 1
        traceback.print_exc()
        outcome = "FAILED"
    print(f"{bpy.app.version_string} {check.__name__} {outcome} {time.perf_counter() - began:.1f} s", file=sys.stderr,
          flush=True)
if failed:
    raise SystemExit(1)
