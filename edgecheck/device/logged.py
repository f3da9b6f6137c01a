"""One tensor as a device logged it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from edgecheck.tensors import Array


@dataclass(frozen=True)
class DumpedTensor:
    """One tensor as it was logged; nothing of it is read yet."""

    name: str
    """Of an input or output; empty where the dump gives none."""
    dtype: str
    """A numpy name, as `int8`."""
    shape: tuple[int, ...]
    """The first axis counts samples, unless the whole is as large as one."""
    ids: tuple[str, ...] | None
    """Which samples these are, one id each; None where the dump does not say."""
    read: Callable[[int], Array]
    """The first so many entries of the first axis, in the machine's byte order."""

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)
