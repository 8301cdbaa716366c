"""What the scene builders share, and the numbers and marks of each."""
