"""Images that jobs write: sheets, overlays, data sets."""
