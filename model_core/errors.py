"""The one exception that carries a sentence meant for the person at the screen."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can understand and act on.

    The message says what happened and why, in plain words, and names the file if there is one.
    The window shows it in a dialog, the command line prints it and exits with code 1;
    any other exception is a fault of the program and is reported with its traceback.
    """


class Cancelled(Exception):
    """A running task was asked to stop and stopped; nothing was left half-done."""
