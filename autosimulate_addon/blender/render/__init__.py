"""From a draw to a render: the session, what it changes in the scene, and what it reads from the passes."""
