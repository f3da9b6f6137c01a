"""Steps that only tell more: whatever ends one, what is known already stays."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from edgecheck.errors import EdgecheckError
from edgecheck.findings import CheckStatus
from edgecheck.runs.draft import Draft


@contextmanager
def guarded(
    draft: Draft, name: str, *, passes: tuple[type[EdgecheckError], ...] = ()
) -> Iterator[None]:
    """Conclude a step as skipped by an error of ours or of a disk, as crashed by any other.

    Args:
        draft: told the outcome where there is an error, in place of what it was told before.
        name: of the step, as reports show it.
        passes: errors that end the run; KeyboardInterrupt always does.
    """
    start = perf_counter()
    try:
        yield
    except passes:
        raise
    except (EdgecheckError, OSError) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        _conclude_anew(draft, name, "skipped", said, start)
    except Exception as error:  # noqa: BLE001  (a look must not hide what was compared)
        _conclude_anew(draft, name, "crashed", where_it_broke(error), start)


def where_it_broke(error: Exception) -> str:
    """An unexpected error in one line, with the place that raised it."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"


def _conclude_anew(draft: Draft, name: str, status: CheckStatus, reason: str, start: float) -> None:
    draft.checks = [check for check in draft.checks if check.name != name]
    draft.conclude(name, status, reason, start)
