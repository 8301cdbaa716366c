"""PyTorch for the background jobs: where it is, whether it works, how it is installed."""
