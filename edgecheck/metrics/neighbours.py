"""Do embeddings keep their neighbours?"""

import numpy as np

from edgecheck.tensors import Array

_KEPT = 256
_BYTES = 16 << 20


class NeighbourAgreement:
    """Share of the first samples whose nearest other sample, by cosine, is the same in both.

    Holds at most 256 rows of each side, fewer where rows are very long.
    """

    def __init__(self) -> None:
        self._rows: tuple[list[Array], list[Array]] = ([], [])
        self._kept = 0

    def update(self, reference: Array, candidate: Array) -> None:
        """Add rows (n, elements) of both; those with a non-finite value are left out."""
        most = min(_KEPT, _BYTES // (4 * max(reference.shape[1], 1)))
        finite = np.isfinite(reference).all(axis=1) & np.isfinite(candidate).all(axis=1)
        chosen = np.flatnonzero(finite)[: most - self._kept]
        if not len(chosen):
            return
        for kept, rows in zip(self._rows, (reference, candidate), strict=True):
            kept.append(rows[chosen].astype(np.float32))
        self._kept += len(chosen)

    def compute(self) -> float:
        """The share; NaN with fewer than three samples."""
        if self._kept < 3:
            return float("nan")
        nearest = [_nearest(np.concatenate(rows)) for rows in self._rows]
        return float((nearest[0] == nearest[1]).mean())


def _nearest(rows: Array) -> Array:
    """Index of the row with the largest cosine to each row, itself excepted; int64 (n,)."""
    wide = rows.astype(np.float64)
    unit = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-300)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return np.asarray(cosines.argmax(axis=1))
