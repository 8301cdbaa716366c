"""What may go wrong, as the user is told it."""


class AutoSimulateError(Exception):
    """Anything that ends a job. Its text is one sentence for the user: the thing, and the mend."""

    exit_code = 1


class InputError(AutoSimulateError):
    """The scene, the marks, the data or the options cannot be used as they are (exit code 2, nothing changed)."""

    exit_code = 2


class Cancelled(AutoSimulateError):
    """The user asked to stop: the current image is finished, the state is saved (exit code 130)."""

    exit_code = 130
