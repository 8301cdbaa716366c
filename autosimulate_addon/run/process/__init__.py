"""What a job asks of its process: log, streams, signals, progress, threads, packages."""
