"""Small networks in float and in codes over the same tensor indices, and a way to run them."""

import os
import subprocess
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from tflite_writer import OpDef, SignatureDef, TensorDef, build_model

from edgecheck.metrics.sqnr import decibels
from edgecheck.quantization import params_of_range
from edgecheck.runtime.backends import BACKENDS, is_installed, open_interpreter

BIAS = {"int8": "int32", "int16": "int64"}
POOL = {"Padding": 1, "StrideW": 2, "StrideH": 2, "FilterWidth": 2, "FilterHeight": 2}
STRIDES = {"StrideW": 1, "StrideH": 1}


@dataclass
class Net:
    """A float network and its quantized form over the same tensor indices."""

    shapes: list = field(default_factory=list)
    constants: dict = field(default_factory=dict)
    operators: list = field(default_factory=list)

    def tensor(self, *shape):
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def constant(self, values, axis=None, source=None):
        """Weights per-channel along `axis`, a bias of the layer (input, weights), or integers."""
        index = self.tensor(*np.shape(values))
        self.constants[index] = (np.asarray(values), axis, source)
        return index

    def add(self, name, inputs, shape, version, **options):
        output = self.tensor(*shape)
        self.operators.append(OpDef(name, inputs, [output], version, options))
        return output

    def layer(self, name, source, weights, axis, shape, version, **options):
        bias = np.random.default_rng(len(self.shapes)).normal(0, 1, weights.shape[axis])
        kernel = self.constant(weights, axis=axis)
        inputs = [source, kernel, self.constant(bias, source=(source, kernel))]
        return self.add(name, inputs, shape, version, **options)

    def activations(self):
        return [index for index in range(len(self.shapes)) if index not in self.constants]

    def as_float(self):
        """A file that gives every activation but the input as output."""
        tensors = [
            TensorDef(f"t{i}", shape, _dtype(self.constants.get(i)), data=self._values(i))
            for i, shape in enumerate(self.shapes)
        ]
        return build_model(tensors, self.operators, [0], self.activations()[1:])

    def as_codes(self, ranges, dtype="int8"):
        """The file for given ranges; its output is the last tensor."""
        scales = {i: params_of_range(*ranges[i], dtype) for i in self.activations()}
        tensors = [self._codes(i, scales, dtype) for i in range(len(self.shapes))]
        signature = SignatureDef("serve", {"x": 0}, {"y": len(tensors) - 1})
        return build_model(tensors, self.operators, [0], [len(tensors) - 1], [signature],
                           {"note": b"kept"}, "a net")  # fmt: skip

    def _values(self, index):
        return self.constants[index][0] if index in self.constants else None

    def _codes(self, index, scales, dtype):
        name, shape = f"t{index}", self.shapes[index]
        if index not in self.constants:
            params = scales[index]
            return TensorDef(name, shape, dtype, params.scales[0], params.zero_points[0])
        values, axis, source = self.constants[index]
        if source is not None:
            steps = scales[source[0]].scales[0] * self._steps(source[1])
            codes = np.rint(values / steps)
            return TensorDef(name, shape, BIAS[dtype], steps, data=codes)
        if axis is None:
            return TensorDef(name, shape, "int32", data=values)
        steps = self._steps(index)
        along = np.moveaxis(np.moveaxis(values, axis, -1) / steps, -1, axis)
        return TensorDef(name, shape, "int8", steps, dim=axis, data=np.rint(along))

    def _steps(self, weights):
        values, axis, _ = self.constants[weights]
        others = tuple(i for i in range(values.ndim) if i != axis)
        return (np.abs(values).max(axis=others) / 127).astype(np.float32)


def _dtype(constant):
    return "int32" if constant is not None and constant[1] is constant[2] is None else "float32"


def conv_net(seed, dtype="int8"):
    """CONV -> DEPTHWISE -> two pools -> CONCAT -> ADD -> RESHAPE -> dense."""
    wide = dtype == "int16"
    random = np.random.default_rng(seed)
    net = Net()
    x = net.tensor(1, 8, 8, 2)
    a = net.layer("CONV_2D", x, random.normal(0, 0.5, (4, 3, 3, 2)), 0, (1, 8, 8, 4),
                  4 if wide else 3, **STRIDES, FusedActivationFunction=1)  # fmt: skip
    b = net.layer("DEPTHWISE_CONV_2D", a, random.normal(0, 0.5, (1, 3, 3, 4)), 3, (1, 8, 8, 4),
                  5 if wide else 3, **STRIDES, DepthMultiplier=1)  # fmt: skip
    c = net.add("MAX_POOL_2D", [b], (1, 4, 4, 4), 3 if wide else 2, **POOL)
    d = net.add("AVERAGE_POOL_2D", [b], (1, 4, 4, 4), 3 if wide else 2, **POOL)
    e = net.add("CONCATENATION", [c, d], (1, 4, 4, 8), 3 if wide else 2, Axis=3)
    f = net.add("ADD", [e, e], (1, 4, 4, 8), 3 if wide else 2)
    g = net.add("RESHAPE", [f, net.constant([1, 128])], (1, 128), 1)
    net.layer("FULLY_CONNECTED", g, random.normal(0, 0.2, (5, 128)), 0, (1, 5), 7 if wide else 5)
    return net


def run(data, rows, runtime="litert"):
    """Rows (n, ...) real values -> list of float64 (n, elements), one an output.

    Other runtimes than LiteRT run in a process of their own: two of them in one crash it.
    """
    if not is_installed(BACKENDS[runtime]):
        pytest.skip(f"{runtime} is not installed")
    if runtime == "litert":
        return _outputs(data, rows, runtime)
    with TemporaryDirectory() as folder:
        (Path(folder) / "model.tflite").write_bytes(data)
        np.save(Path(folder) / "rows.npy", rows)
        path = [str(Path(__file__).parent), *filter(None, sys.path)]
        subprocess.run(
            [sys.executable, __file__, runtime, folder],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )
        with np.load(Path(folder) / "outputs.npz") as found:
            return [found[f"arr_{number}"] for number in range(len(found.files))]


def _outputs(data, rows, runtime):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own deprecations
        interpreter = open_interpreter(BACKENDS[runtime], model_content=data)
    interpreter.allocate_tensors()
    fed = interpreter.get_input_details()[0]
    outputs = [[] for _ in interpreter.get_output_details()]
    for row in rows:
        interpreter.set_tensor(fed["index"], _coded(row[None].astype(np.float32), fed))
        interpreter.invoke()
        for found, details in zip(outputs, interpreter.get_output_details(), strict=True):
            found.append(_real(interpreter.get_tensor(details["index"]), details).ravel())
    return [np.array(found) for found in outputs]


def _coded(row, details):
    dtype = np.dtype(details["dtype"]).name
    if dtype == "float32":
        return row
    scale, zero = details["quantization"]
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return np.clip(np.rint(row / scale) + zero, low, high).astype(dtype)


def _real(values, details):
    scale, zero = details["quantization"]
    return (values.astype(np.float64) - zero) * (scale or 1.0)


def true_ranges(net, rows):
    found = {0: rows, **dict(zip(net.activations()[1:], run(net.as_float(), rows), strict=True))}
    return {index: (float(v.min()), float(v.max())) for index, v in found.items()}


def keyed(ranges):
    return {(0, index): ends for index, ends in ranges.items()}


def scaled(ranges, factor):
    return {index: (low * factor, high * factor) for index, (low, high) in ranges.items()}


def tied(ranges):
    """With the ranges that `conv_net` must share across its same-scale operators."""
    return {**ranges, 7: ranges[6], 8: ranges[6], 9: ranges[6], 12: ranges[10]}


def sqnr(reference, found):
    return float(decibels((reference**2).sum(), ((reference - found) ** 2).sum()))


if __name__ == "__main__":
    runtime, folder = sys.argv[1], Path(sys.argv[2])
    model, values = (folder / "model.tflite").read_bytes(), np.load(folder / "rows.npy")
    np.savez(folder / "outputs.npz", *_outputs(model, values, runtime))
