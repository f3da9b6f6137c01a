"""A layer walk as the report has it."""

from edgecheck.compare.layer_statistics import LayerStatistics
from edgecheck.compare.layers import LayerWalk
from edgecheck.findings import Layer


def report_layers(walk: LayerWalk) -> tuple[Layer, ...]:
    """Every followed tensor, in order of execution."""
    return tuple(_layer(layer, is_first_bad=layer is walk.first_bad) for layer in walk.layers)


def _layer(layer: LayerStatistics, *, is_first_bad: bool) -> Layer:
    return Layer(
        index=layer.index,
        op=layer.op,
        tensor=layer.name,
        sqnr_db=layer.sqnr_db,
        clip_fraction=layer.clip_fraction,
        clip_below=layer.clip_below,
        clip_above=layer.clip_above,
        range=layer.float_range,
        channels=layer.channels,
        dead_channels=layer.dead_channels,
        constant_channels=layer.constant_channels,
        is_first_bad=is_first_bad,
        isolated_sqnr_db=layer.isolated_sqnr_db,
        upstream_sqnr_db=layer.upstream_sqnr_db,
        representable_range=layer.representable,
        levels_used=layer.levels_used,
        codes=layer.codes,
    )
