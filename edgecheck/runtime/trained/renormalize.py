"""A trained model whose batch normalization collects its statistics anew, in a child process.

Weights stay. As `torch.optim.swa_utils.update_bn` a Keras model runs once over the samples while
these layers, and no others, are in training mode, and average what they see of each batch. In an
ONNX file one node after the other gets the statistics of what reaches it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.metrics.moments import Moments
from edgecheck.runtime.job import Job
from edgecheck.runtime.trained.batch_norm import batches
from edgecheck.runtime.trained.child import ask
from edgecheck.runtime.trained.keras_model import KerasModel
from edgecheck.runtime.trained.model import open_model
from edgecheck.runtime.trained.onnx_file import OnnxModel
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.tensors import Array

_ROWS = 64
"""Of a batch whose statistics are averaged."""
_NODES = 64
"""Of an ONNX file, each of which takes a run over all samples; with more of them it is left alone."""

_Feeds = Callable[[str], Iterator[dict[str, Array]]]
""""collected" or "asked" -> batches of those samples, by the model's own names."""


def renormalized_outputs(
    job: Job,
    collected: Mapping[str, Path],
    asked: Mapping[str, Path],
    folder: Path,
    timeout: float,
    kept: KeptProcess | None = None,
) -> tuple[Mapping[str, Array], Mapping[str, Array]] | None:
    """The outputs of a Keras or ONNX model before and after its statistics were collected anew.

    Args:
        job: of the model; its outputs do not matter.
        collected: input name -> .npy file of float32 (n, ...) that give the statistics.
        asked: likewise, of which the outputs are.
        folder: where results may be stored.
        timeout: seconds for all of it.
        kept: lends the process; None for one of its own.

    Returns:
        Output name -> rows, twice; None where it cannot be done: without such layers, in other
        formats, in a Keras model of a fixed batch size.

    Raises:
        InputMissing, RuntimeMissing, UnusableError: as `child.ask`.
    """
    out = folder / "renormalized.npz"
    options = {
        "job": job.to_json(),
        "collected": {name: str(file) for name, file in collected.items()},
        "asked": {name: str(file) for name, file in asked.items()},
        "out": str(out),
    }
    names = ask("renormalize", Path(job.model), options, timeout, kept)
    if not names:
        return None
    with np.load(out) as stored:
        before, after = (
            {name: stored[f"{when}{number}"] for number, name in enumerate(names)}
            for when in ("before", "after")
        )
    return before, after


def renormalize(path: Path, form: Any, options: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """In the child: the names of the outputs, whose rows go to the file `out`; none without layers."""
    job = Job.from_json(options["job"])
    model = open_model(path, form, signature=job.signature, allow_code=job.allows_code)

    def feeds(part: str) -> Iterator[dict[str, Array]]:
        return batches(job, model.description, options[part], _ROWS)

    if isinstance(model, KerasModel):
        found = _of_keras(model, feeds)
    else:
        found = _of_onnx(model, path, feeds) if isinstance(model, OnnxModel) else None
    if found is None:
        return []
    stored = {f"before{number}": rows for number, rows in enumerate(found[0])}
    stored |= {f"after{number}": rows for number, rows in enumerate(found[1])}
    np.savez(options["out"], **stored)
    return [port.name for port in model.description.outputs]


def _of_keras(model: KerasModel, feeds: _Feeds) -> tuple[list[Array], list[Array]] | None:
    norms = [each for each in model.layers if type(each).__name__ == "BatchNormalization"]
    is_open = all(port.shape[:1] == (-1,) for port in model.description.inputs)
    if not norms or not is_open:
        return None

    def runs(part: str) -> Iterator[list[Array]]:
        for fed in feeds(part):
            taken = tuple(fed[port.name] for port in model.description.inputs)
            yield [np.asarray(values) for values in model.infer(taken)]

    before = _joined(runs("asked"))
    with ExitStack() as stack:
        for layer in norms:
            stack.enter_context(_collecting(layer))
        for _ in runs("collected"):
            pass
    return before, _joined(runs("asked"))


def _joined(pages: Iterator[list[Array]]) -> list[Array]:
    """The rows of each output."""
    return [np.concatenate(rows) for rows in zip(*pages, strict=True)]


@contextmanager
def _collecting(layer: Any) -> Iterator[None]:  # noqa: ANN401  (keras.layers.BatchNormalization)
    """Let a layer normalize each batch by itself, and average the statistics of all of them."""
    call: Callable[..., Any] = layer.call
    known = layer.momentum, layer.trainable
    calls = 0

    def collected(inputs: Any, *_others: Any, **_settings: Any) -> Any:  # noqa: ANN401
        nonlocal calls
        layer.momentum = calls / (calls + 1)  # of an average: the first batch replaces what was
        calls += 1
        return call(inputs, training=True)

    layer.trainable = True  # a frozen one would use what it stored
    layer.call = collected
    try:
        yield
    finally:
        layer.call = call
        layer.momentum, layer.trainable = known


def _of_onnx(model: OnnxModel, path: Path, feeds: _Feeds) -> tuple[list[Array], list[Array]] | None:
    import onnx

    proto = onnx.load(str(path))
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    nodes = [
        node
        for node in proto.graph.node
        if node.op_type == "BatchNormalization" and set(node.input[3:5]) <= set(stored)
    ]
    if not nodes or len(nodes) > _NODES:
        return None
    names = [port.name for port in model.description.outputs]
    before = _joined(_run_onnx(proto, names, feeds("asked")))
    for node in nodes:
        source = list(node.input[:1])
        moments = Moments(onnx.numpy_helper.to_array(stored[node.input[3]]).size)
        for (values,) in _run_onnx(proto, source, feeds("collected")):
            moments.update(np.moveaxis(values, 1, -1).reshape(-1, values.shape[1]))
        seen = moments.compute()
        for name, statistic in zip(node.input[3:5], (seen.mean, seen.std**2), strict=True):
            array = onnx.numpy_helper.from_array(statistic.astype(np.float32), name)
            stored[name].CopyFrom(array)
    return before, _joined(_run_onnx(proto, names, feeds("asked")))


def _run_onnx(
    proto: Any,  # noqa: ANN401  (ModelProto)
    names: list[str],
    feeds: Iterator[dict[str, Array]],
) -> Iterator[list[Array]]:
    """The values of some names for each batch; those of the middle become outputs for it."""
    import onnx
    import onnxruntime

    shown = onnx.ModelProto()
    shown.CopyFrom(proto)
    known = {port.name for port in [*shown.graph.output, *shown.graph.input]}
    port = partial(onnx.helper.make_tensor_value_info, elem_type=onnx.TensorProto.FLOAT, shape=None)
    shown.graph.output.extend(port(name) for name in names if name not in known)
    session = onnxruntime.InferenceSession(
        shown.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for fed in feeds:
        asked = [name for name in names if name not in fed]
        values = session.run(asked, dict(fed)) if asked else []  # no name stands for all outputs
        found = {**fed, **dict(zip(asked, values, strict=True))}
        yield [found[name] for name in names]
