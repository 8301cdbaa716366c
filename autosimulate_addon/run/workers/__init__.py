"""Processes that render for a job: how they are spoken to, replaced and kept busy. No bpy and no torch."""
