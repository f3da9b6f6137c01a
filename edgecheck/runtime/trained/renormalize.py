"""A trained model whose batch normalization collects its statistics anew, in a child process.

Weights stay. As `torch.optim.swa_utils.update_bn` a Keras model runs once over the samples while
these layers, and no others, are in training mode, and average what they see of each batch. In an
ONNX file one node after the other gets the statistics of what reaches it.

Before the others the foremost layers do, those that no other one comes before: where samples are
only scaled and shifted otherwise than in training, that makes what is stored in the others fit.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.metrics.moments import Moments
from edgecheck.runtime.job import Job
from edgecheck.runtime.trained.batch_norm import batches, divergence
from edgecheck.runtime.trained.child import ask
from edgecheck.runtime.trained.keras_model import KerasModel
from edgecheck.runtime.trained.model import open_model
from edgecheck.runtime.trained.normalizations import Norm, norm_of_layer, norm_of_node
from edgecheck.runtime.trained.onnx_file import OnnxModel
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.tensors import Array

_ROWS = 64
"""Of a batch whose statistics are averaged."""
_FEW = 2
"""Rows that show which layers others come before."""
_NODES = 64
"""Of an ONNX file, each of which takes a run over all samples; with more of them it is left alone."""

_Feeds = Callable[[str], Iterator[dict[str, Array]]]
""""collected" or "asked" -> batches of those samples, by the model's own names."""


@dataclass(frozen=True)
class Outputs:
    """Of a model before and after its statistics were collected anew: output name -> rows."""

    before: Mapping[str, Array]
    after: Mapping[str, Array]
    left: float | None
    """The largest median divergence of a layer, nats, while the foremost ones alone have new
    statistics; None where there are no others, or nobody looks."""


def renormalized_outputs(
    job: Job,
    parts: Mapping[str, Mapping[str, Path]],
    folder: Path,
    timeout: float,
    kept: KeptProcess | None = None,
    *,
    with_left: bool = True,
) -> Outputs | None:
    """The outputs of a Keras or ONNX model before and after its statistics were collected anew.

    Args:
        job: of the model; its outputs do not matter.
        parts: "collected", which give the statistics, and "asked", of which the outputs are: input
            name -> .npy file of float32 (n, ...).
        folder: where results may be stored.
        timeout: seconds for all of it.
        kept: lends the process; None for one of its own.
        with_left: look for it, which takes half as long again.

    Returns:
        None where it cannot be done: without such layers, in other
        formats, in a Keras model of a fixed batch size.

    Raises:
        InputMissing, RuntimeMissing, UnusableError: as `child.ask`.
    """
    out = folder / "renormalized.npz"
    options = {
        "job": job.to_json(),
        **{part: {n: str(file) for n, file in files.items()} for part, files in parts.items()},
        "out": str(out),
        "with_left": with_left,
    }
    found = ask("renormalize", Path(job.model), options, timeout, kept)
    if found is None:
        return None
    with np.load(out) as stored:
        before, after = (
            {name: stored[f"{when}{number}"] for number, name in enumerate(found["names"])}
            for when in ("before", "after")
        )
    return Outputs(before, after, found["left"])


def renormalize(path: Path, form: Any, options: Mapping[str, Any]) -> dict[str, Any] | None:  # noqa: ANN401
    """In the child: the names of the outputs, whose rows go to the file `out`, and what is left.

    None without layers.
    """
    job = Job.from_json(options["job"])
    model = open_model(path, form, signature=job.signature, allow_code=job.allows_code)

    def feeds(part: str) -> Iterator[dict[str, Array]]:
        return batches(job, model.description, options[part], _ROWS)

    if isinstance(model, KerasModel):
        found = _of_keras(model, feeds, with_left=options["with_left"])
    else:
        found = _of_onnx(model, path, feeds) if isinstance(model, OnnxModel) else None
    if found is None:
        return None
    stored = {f"before{number}": rows for number, rows in enumerate(found.before)}
    stored |= {f"after{number}": rows for number, rows in enumerate(found.after)}
    np.savez(options["out"], **stored)
    return {"names": [port.name for port in model.description.outputs], "left": found.left}


@dataclass(frozen=True)
class _Found:
    """As `Outputs`, in the order of the description."""

    before: list[Array]
    after: list[Array]
    left: float | None


def _of_keras(model: KerasModel, feeds: _Feeds, *, with_left: bool) -> _Found | None:
    norms = [each for each in model.layers if type(each).__name__ == "BatchNormalization"]
    is_open = all(port.shape[:1] == (-1,) for port in model.description.inputs)
    if not norms or not is_open:
        return None

    def infer(fed: Mapping[str, Array]) -> list[Array]:
        taken = tuple(fed[port.name] for port in model.description.inputs)
        return [np.asarray(values) for values in model.infer(taken)]

    def collect(layers: Sequence[Any]) -> None:
        with ExitStack() as stack:
            for layer in layers:
                stack.enter_context(_collecting(layer))
            deque(map(infer, feeds("collected")), maxlen=0)

    def left() -> float | None:
        few = {name: rows[:_FEW] for name, rows in next(feeds("collected")).items()}
        foremost = _foremost(norms, partial(infer, few))
        collect(foremost)
        others = [layer for layer in norms if layer not in foremost]
        return _left(others, lambda: deque(map(infer, feeds("collected")), maxlen=0))

    before = _joined(map(infer, feeds("asked")))
    found = left() if with_left and len(norms) > 1 else None
    collect(norms)
    return _Found(before, _joined(map(infer, feeds("asked"))), found)


def _joined(pages: Iterator[list[Array]]) -> list[Array]:
    """The rows of each output."""
    return [np.concatenate(rows) for rows in zip(*pages, strict=True)]


def _foremost(norms: Sequence[Any], run: Callable[[], object]) -> list[Any]:
    """The layers that are reached by the same values whatever all of them answer."""
    plain, other = _reached(norms, run), _reached(norms, run, 1.0)
    pairs = zip(norms, plain, other, strict=True)
    return [layer for layer, one, two in pairs if all(map(np.array_equal, one, two))]


def _reached(
    layers: Sequence[Any], run: Callable[[], object], answer: float | None = None
) -> list[list[Array]]:
    """What each layer is called with in a run."""
    heard: list[list[Array]] = [[] for _ in layers]
    with _listening(layers, lambda number, values: heard[number].append(values), answer):
        run()
    return heard


def _left(layers: Sequence[Any], run: Callable[[], object]) -> float | None:
    """The largest median divergence, nats, of what layers are reached by from what they store."""
    if not layers:
        return None
    norms = [norm_of_layer(layer) for layer in layers]
    moments = [Moments(len(norm.mean)) for norm in norms]

    def hear(number: int, values: Array) -> None:
        by_channel = np.moveaxis(values, norms[number].axis, -1)
        moments[number].update(by_channel.reshape(-1, by_channel.shape[-1]))

    with _listening(layers, hear):
        run()
    return _largest(norms, moments)


def _largest(norms: Sequence[Norm], moments: Sequence[Moments]) -> float:
    pairs = zip(norms, moments, strict=True)
    return max(float(np.median(divergence(norm, seen.compute()))) for norm, seen in pairs)


@contextmanager
def _listening(
    layers: Sequence[Any], hear: Callable[[int, Array], None], answer: float | None = None
) -> Iterator[None]:
    """Let layers tell (number, what they are called with), and answer one number where that is not None."""
    calls = [layer.call for layer in layers]

    def told(number: int, inputs: Any, *others: Any, **settings: Any) -> Any:  # noqa: ANN401
        hear(number, np.asarray(inputs))
        found = calls[number](inputs, *others, **settings)
        return found if answer is None else found * 0 + answer

    for number, layer in enumerate(layers):
        layer.call = partial(told, number)
    try:
        yield
    finally:
        for layer, call in zip(layers, calls, strict=True):
            layer.call = call


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


def _of_onnx(model: OnnxModel, path: Path, feeds: _Feeds) -> _Found | None:
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
    run = partial(_run_onnx, proto)
    before = _joined(run(names, feeds("asked")))
    foremost = _foremost_nodes(proto, nodes)
    others = [node for node in nodes if node not in foremost]
    for node in foremost:
        _renew(node, stored, run([node.input[0]], feeds("collected")))
    left = None
    if others:
        norms = [norm_of_node(node, stored) for node in others]
        moments = _moments(
            others, stored, run([node.input[0] for node in others], feeds("collected"))
        )
        left = _largest(norms, moments)
    for node in others:
        _renew(node, stored, run([node.input[0]], feeds("collected")))
    return _Found(before, _joined(run(names, feeds("asked"))), left)


def _foremost_nodes(proto: Any, nodes: list[Any]) -> list[Any]:  # noqa: ANN401  (ModelProto)
    """Those nodes that no other of them comes before."""
    found, behind = [], set[str]()
    for node in proto.graph.node:  # in an order in which they can be run
        is_norm, is_behind = node in nodes, not behind.isdisjoint(node.input)
        found += [node] if is_norm and not is_behind else []
        behind |= set(node.output) if is_norm or is_behind else set()
    return found


def _renew(node: Any, stored: Mapping[str, Any], pages: Iterator[list[Array]]) -> None:  # noqa: ANN401
    """Store the statistics of what reaches a node."""
    import onnx

    (moments,) = _moments([node], stored, pages)
    seen = moments.compute()
    for name, statistic in zip(node.input[3:5], (seen.mean, seen.std**2), strict=True):
        stored[name].CopyFrom(onnx.numpy_helper.from_array(statistic.astype(np.float32), name))


def _moments(
    nodes: Sequence[Any], stored: Mapping[str, Any], pages: Iterator[list[Array]]
) -> list[Moments]:
    """Of what reaches each node, which pages hold in the same order."""
    import onnx

    found = [Moments(onnx.numpy_helper.to_array(stored[node.input[3]]).size) for node in nodes]
    for page in pages:
        for moments, values in zip(found, page, strict=True):
            moments.update(np.moveaxis(values, 1, -1).reshape(-1, values.shape[1]))
    return found


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
