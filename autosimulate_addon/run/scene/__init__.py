"""The scene a job works on, opened and checked, and the simulator over it."""
