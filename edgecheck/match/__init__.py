"""What does the firmware do? The dump of a device beside what spec and model make."""

from edgecheck.match.examine import match, stopped
from edgecheck.match.options import MatchOptions

__all__ = ["MatchOptions", "match", "stopped"]
