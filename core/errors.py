"""The one exception a person is meant to read."""


class UserError(Exception):
    """The user's mistake or the user's file, in one clear sentence: what was expected, what was found, what to do.

    The command line prints it as ``error: …`` and exits with status 2; a page shows it where the person is looking.
    """


class NotNow(UserError):
    """Something of this machine, not of the file: the same may work in a moment."""
