"""What a run's report is made of: the record read from its directory, the figures, the page."""
