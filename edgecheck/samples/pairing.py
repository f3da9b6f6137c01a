"""Several inputs from files: files of one stem make one sample."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from edgecheck.errors import DatasetUnreadable

SHOWN = 3
"""How many names of each side a message shows."""


def pair_by_stem(
    names: Mapping[str, Sequence[str]],
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Bring the files of all inputs into one order.

    Args:
        names: input name -> relative paths of its files, with forward slashes.

    Returns:
        The stems (paths without suffix), sorted, and for each input its files in that order.

    Raises:
        DatasetUnreadable: two files of one input share a stem, or a file has no partner.
    """
    by_stem = {input_name: _stems(input_name, files) for input_name, files in names.items()}
    everywhere = set.intersection(*(set(stems) for stems in by_stem.values()))
    alone = {
        input_name: sorted(set(stems) - everywhere)
        for input_name, stems in by_stem.items()
        if set(stems) - everywhere
    }
    if alone:
        parts = [_alone(name, stems, len(by_stem[name])) for name, stems in alone.items()]
        raise DatasetUnreadable(
            f"not every file has a partner: {'; '.join(parts)}",
            hint="Files of one stem make one sample: left/0001.png and right/0001.png.",
        )
    ids = tuple(sorted(everywhere))
    return ids, {name: tuple(stems[stem] for stem in ids) for name, stems in by_stem.items()}


def _stems(input_name: str, files: Sequence[str]) -> dict[str, str]:
    """Relative path without suffix -> relative path."""
    found: dict[str, str] = {}
    for file in files:
        stem = PurePosixPath(file).with_suffix("").as_posix()
        if stem in found:
            raise DatasetUnreadable(
                f"input {input_name!r}: {found[stem]} and {file} have the same stem",
                hint="Remove one, or give a pattern such as *.png.",
            )
        found[stem] = file
    return found


def _alone(input_name: str, stems: Sequence[str], count: int) -> str:
    rest = ", ..." if len(stems) > SHOWN else ""
    return f"{len(stems)} of {count} of {input_name!r} ({', '.join(stems[:SHOWN])}{rest})"
