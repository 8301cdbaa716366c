"""The sidebar tab. Draw functions read settings and ``panel_data``; they work nothing out."""
