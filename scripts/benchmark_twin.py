#!/usr/bin/env python3
"""How long it takes to build the twin of a file.

    .venv/bin/python scripts/benchmark_twin.py [MODEL ...] [--repeats 5]

Without files, of a full-integer model of about 4 MB that is written here: 40 convolutions of 1 x 1
with 320 channels. The fastest of the repeats counts; machines are noisy.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from tflite_writer import OpDef, TensorDef, build_model  # noqa: E402  tests/support is added above

from edgecheck.tflite.dequantize.isolated import isolated  # noqa: E402
from edgecheck.tflite.dequantize.twin import twin_of  # noqa: E402
from edgecheck.tflite.reader import read_model  # noqa: E402


def model_of_4_mb(layers: int = 40, channels: int = 320) -> bytes:
    rng = np.random.default_rng(0)
    tensors = [TensorDef("x", (1, 1, 1, channels), "int8", 0.05)]
    operators = []
    for layer in range(layers):
        scales = rng.uniform(0.001, 0.01, channels)
        weights = rng.integers(-127, 128, (channels, 1, 1, channels))
        start, source = len(tensors), 0 if layer == 0 else len(tensors) - 1
        tensors += [
            TensorDef(f"w{layer}", weights.shape, "int8", scales, [0] * channels, data=weights),
            TensorDef(f"b{layer}", (channels,), "int32", scales, data=np.zeros(channels)),
            TensorDef(f"y{layer}", (1, 1, 1, channels), "int8", 0.05),
        ]
        inputs = [source, start, start + 1]
        options = {"StrideW": 1, "StrideH": 1}
        operators.append(OpDef("CONV_2D", inputs, [start + 2], version=3, options=options))
    return build_model(tensors, operators, [0], [len(tensors) - 1])


def fastest_ms(repeats: int, run: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    files = {path.name: path.read_bytes() for path in arguments.models}
    for name, data in (files or {"written here": model_of_4_mb()}).items():
        model = read_model(data)
        twin = twin_of(data, model)
        twin_ms = fastest_ms(arguments.repeats, lambda d=data, m=model: twin_of(d, m))
        cut_ms = fastest_ms(arguments.repeats, lambda t=twin: isolated(t))
        print(f"{name}: {len(data) / 1e6:.1f} MB, twin {twin_ms:.0f} ms", end=" ")
        print(f"({len(twin.data) / 1e6:.1f} MB), isolated twin {cut_ms:.0f} ms")


if __name__ == "__main__":
    main()
