"""edgecheck tells, before a device is flashed, whether a .tflite file will behave as trained."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgecheck.validation import Options, validate

__all__ = ["Options", "__version__", "validate"]

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> object:
    """Load the public functions when they are first used: `import edgecheck` stays cheap."""
    if name in {"Options", "validate"}:
        from edgecheck import validation

        return getattr(validation, name)
    raise AttributeError(f"module 'edgecheck' has no attribute '{name}'")
