"""A run's report for people: the record read from its directory, the figures, the page and the poster."""
