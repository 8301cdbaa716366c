"""The run directory: the contract between the window, the command line and the tests."""
