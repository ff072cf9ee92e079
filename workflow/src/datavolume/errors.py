"""The one error that a user's mistake raises; every entry point prints it as one line and exits with 1."""

from __future__ import annotations

__all__ = ["UserError"]


class UserError(Exception):
    """Something the user can mend: says what is wrong, where (file, key), what is allowed, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
