"""What a process of ours is told by another one in the place of a command."""

RENDER_WORKER = "render-worker"
FOLDER_SUMMARY = "folder-summary"
#: Followed by a .blend: everything that it needs is packed into it.
PACK_SCENE = "pack-scene"
