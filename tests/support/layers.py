"""Layers as a walk sees them: sound ones, to be changed field by field."""

from typing import Any

from edgecheck.compare.first_bad import first_bad
from edgecheck.compare.kernels import KernelComparison, KernelOutput
from edgecheck.compare.layer_statistics import LayerStatistics
from edgecheck.compare.layers import LayerWalk


def layer(index: int = 0, **changes: Any) -> LayerStatistics:
    """An int8 convolution that reads the tensor before it and is as good as 8 bits allow."""
    plain: dict[str, Any] = {
        "index": index,
        "op": "CONV_2D",
        "tensor": 10 + index,
        "name": f"layer{index}",
        "inputs": (9 + index,),
        "sqnr_db": 35.0,
        "isolated_sqnr_db": 38.0,
        "upstream_sqnr_db": 36.0,
        "clip_below": 0.0,
        "clip_above": 0.0,
        "float_range": (0.0, 6.0),
        "core_range": (0.0, 5.0),
        "representable": (0.0, 6.2),
        "scale": 6.2 / 255,
        "codes": 256,
        "channels": 8,
        "dead_channels": 0,
        "constant_channels": 0,
        "channel_width": 5.0,
        "widest_channel": 0,
        "nonfinite": 0,
        "is_output": False,
        "decides": False,
    }
    return LayerStatistics(**{**plain, **changes})


def entry(**changes: Any) -> LayerStatistics:
    """An int8 input of the model."""
    own = {"op": "INPUT", "inputs": (), "isolated_sqnr_db": None, "upstream_sqnr_db": None}
    return layer(-1, **{**own, **changes})


def kernel_output(**changes: Any) -> KernelOutput:
    """An output that hardly depends on the kernels."""
    plain: dict[str, Any] = {
        "name": "output",
        "elements": 10,
        "changed_rows": 0,
        "sqnr_db": 33.0,
        "agreement": 1.0,
        "largest_difference": 0.02,
    }
    return KernelOutput(**{**plain, **changes})


def walked(*layers: LayerStatistics, kernels: KernelOutput | None = None) -> LayerWalk:
    """A walk over 200 samples that saw these layers."""
    compared = KernelComparison(64, (kernels or kernel_output(),))
    return LayerWalk(layers, first_bad(layers), 200, compared)
