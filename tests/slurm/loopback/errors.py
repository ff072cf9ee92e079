"""The one error this tool shows to people."""

__all__ = ["LoopbackError"]


class LoopbackError(Exception):
    """Something a person can act on; the message is printed, without a traceback."""
