"""What benchmarks hold edgecheck against: the loop that anyone would write around an Interpreter."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgecheck.quantization import QuantParams, quantize


def bare_seconds(model: Path, rows: np.ndarray, *, delegates: bool = True) -> float:
    """Seconds of set_tensor, invoke, get_tensor for every row, in LiteRT with one thread.

    Args:
        model: with one input and one output.
        rows: float32 (n, ...) for its input; quantized before the clock starts.
        delegates: False leaves out those that LiteRT applies by itself.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.AUTO if delegates else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(model), num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    feeds = rows.reshape(len(rows), *source["shape"])
    if source["dtype"] is not np.float32:
        scale, zero = source["quantization"]
        feeds = quantize(feeds, QuantParams((scale,), (zero,)), np.dtype(source["dtype"]).name)
    start = time.perf_counter()
    for feed in feeds:
        interpreter.set_tensor(source["index"], feed)
        interpreter.invoke()
        interpreter.get_tensor(result["index"])
    return time.perf_counter() - start


def seconds_of(run: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
