"""A tensor whose one scale is that of a few large channels, which leaves nothing of the others.

Its SQNR does not show that, since it is that of the large channels. The operator behind it does: it
weighs all of them, reads what seems sound, makes no error of its own, and its output is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from edgecheck import thresholds
from edgecheck.compare.first_bad import is_lost
from edgecheck.compare.layer_statistics import LayerStatistics
from edgecheck.rules.quantization.quant_range_outlier import QuantRangeOutlier
from edgecheck.tflite.recalibrate.same_scale import SAME

_JOINS: Final = frozenset({"CONCATENATION", "PACK"})
"""Branches in one range: a rule of its own (`concat-scale-mismatch`)."""


def crowded(
    ranged: Sequence[LayerStatistics], layers: Sequence[LayerStatistics]
) -> Iterator[QuantRangeOutlier]:
    """The first such tensor, if there is any.

    Args:
        ranged: activations whose range was chosen in calibration.
        layers: all that were followed, in order of execution.
    """
    by_tensor = {layer.tensor: layer for layer in ranged}
    for reader in filter(_lost_by_others, layers):
        for index in reader.inputs:
            layer = _chosen(index, by_tensor)
            if layer is not None and _is_crowded(layer):
                yield _told(layer, reader)
                return


def _lost_by_others(reader: LayerStatistics) -> bool:
    """Whether an operator that computes rightly has lost what it reads, or much more of it than what
    it reads and its own error explain.
    """
    is_right = reader.own_sqnr_db >= thresholds.LAYER_OWN_DB
    is_ranged = reader.clip_fraction <= thresholds.LAYER_CLIPPED
    return is_right and is_ranged and (is_lost(reader) or _is_unexplained(reader))


def _is_unexplained(reader: LayerStatistics) -> bool:
    """Whether sound values come out damaged, far more than they and the own error explain."""
    upstream = reader.upstream_sqnr_db
    if upstream is None or not upstream > thresholds.LAYER_SOUND_DB:
        return False
    is_damaged = reader.sqnr_db < thresholds.LAYER_OWN_DB
    known = min(upstream, reader.own_sqnr_db)
    return is_damaged and reader.sqnr_db < known - thresholds.LAYER_NEW_DB


def _chosen(index: int, by_tensor: Mapping[int, LayerStatistics]) -> LayerStatistics | None:
    """The tensor whose range was chosen, before operators that take it over."""
    layer = by_tensor.get(index)
    while layer is not None and layer.op in SAME - _JOINS and layer.inputs:
        layer = by_tensor.get(layer.inputs[0])
    return layer


def _is_crowded(layer: LayerStatistics) -> bool:
    levels, codes = layer.channel_levels, layer.codes
    is_inner = layer.index >= 0 and layer.op not in {"QUANTIZE", *_JOINS}
    is_few = levels is not None and codes is not None and levels < thresholds.LEVELS_SHARE * codes
    return is_inner and is_few


def _told(layer: LayerStatistics, reader: LayerStatistics) -> QuantRangeOutlier:
    return QuantRangeOutlier(
        tensor=layer.name,
        operator=layer.op,
        core_range=list(layer.core_range),
        representable_range=list(layer.representable or ()),
        levels_used=layer.channel_levels or 0.0,
        codes=layer.codes or 0,
        isolated_sqnr_db=layer.own_sqnr_db,
        upstream_sqnr_db=layer.upstream_sqnr_db,
        channel=layer.widest_channel,
        channels=layer.channels,
        reader=reader.op,
        index=reader.index,
        reader_sqnr_db=reader.sqnr_db,
    )
