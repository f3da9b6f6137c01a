"""How to match."""

from dataclasses import dataclass

from edgecheck.errors import UsageError


@dataclass(frozen=True)
class MatchOptions:
    """How to match."""

    runtime: str = "auto"
    limit: int | None = None
    """Most samples to compare; None for 64."""
    tensor: str | None = None
    """Name of the one tensor of a dump that does not name it."""
    timeout: float = 60.0
    """Seconds that loading, or one run of one sample, may take."""

    def __post_init__(self) -> None:
        """Refuse what no run can keep to."""
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}", hint="Give a limit above 0.")
        if not self.timeout > 0:
            raise UsageError(f"timeout is {self.timeout:g}", hint="Give a timeout above 0.")
