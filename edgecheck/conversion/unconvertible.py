"""Why nothing is converted, as the converting process says it."""

import importlib


class Unconvertible(Exception):
    """The source does not fit the request; the environment is fine."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Unreadable(Exception):
    """The source cannot be loaded."""


class PackageBroken(Exception):
    """What converts is installed, and cannot be imported; the words are `PACKAGE: why`."""


def require_package(name: str) -> None:
    """Import what converts, before anything of the user's can fail to be imported.

    Args:
        name: of the module.

    Raises:
        ModuleNotFoundError: it is not installed, or something that it needs.
        PackageBroken: its import fails otherwise, as with a shared library that is not there.
    """
    try:
        importlib.import_module(name)
    except Exception as error:
        is_absent = isinstance(error, ModuleNotFoundError)
        if is_absent and not str(getattr(error, "name", "")).startswith(f"{name}."):
            raise
        lines = str(error).strip().splitlines() or ["nothing more is said"]
        raise PackageBroken(f"{name}: {type(error).__name__}: {lines[-1]}") from error
