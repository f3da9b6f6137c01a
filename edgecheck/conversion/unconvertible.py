"""Why a source cannot be converted, as the converting process says it."""


class Unconvertible(Exception):
    """The source does not fit the request; the environment is fine."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Unreadable(Exception):
    """The source cannot be loaded."""
