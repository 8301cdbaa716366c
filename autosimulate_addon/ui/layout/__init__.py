"""What panels and dialogs both draw."""
