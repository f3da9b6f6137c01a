"""What spec and file ask for: a check of what neither has is not planned at all, and so never skipped.

Each takes the spec, and the file, or None as long as nothing is known of it.
"""

from edgecheck.spec.model import Spec
from edgecheck.tflite.contract import input_fossil, quantization_scheme, quantized_tensors
from edgecheck.tflite.graph import Model, Port


def always(_spec: Spec, _model: Model | None) -> bool:
    """Of every model."""
    return True


def names_classes(spec: Spec, _model: Model | None = None) -> bool:
    """Whether outputs name classes."""
    return spec.model.task == "classification"


def has_labels(spec: Spec, _model: Model | None) -> bool:
    """Whether samples are labelled with classes."""
    return names_classes(spec) and _is_labelled(spec)


def has_labels_or_names(spec: Spec, _model: Model | None) -> bool:
    """Whether anything can be counted against the classes, or the values, of the output."""
    if names_classes(spec):
        return spec.model.labels is not None or _is_labelled(spec)
    return spec.model.task in {"regression", "segmentation"} and _is_labelled(spec)


def has_truth(spec: Spec, _model: Model | None) -> bool:
    """Whether it is known what the outputs should be: by labels, or as an autoencoder's inputs."""
    return spec.model.task == "autoencoder" or _is_labelled(spec)


def has_range(spec: Spec, _model: Model | None) -> bool:
    """Whether the spec promises the range of an input."""
    return any(entry.range for entry in spec.inputs.values())


def has_scheme(spec: Spec, _model: Model | None) -> bool:
    """Whether the spec promises how the file is quantized."""
    return spec.model.quantization is not None


def is_quantized(_spec: Spec, model: Model | None) -> bool:
    """Whether the file holds a quantized tensor."""
    return model is None or bool(quantized_tensors(model))


def has_quantized_input(_spec: Spec, model: Model | None) -> bool:
    """Whether the file quantizes what it is fed, and so records what calibration saw of it."""
    return model is None or any(
        input_fossil(model, Port("", graph.tensors[index])) is not None
        for graph in model.subgraphs
        for index in graph.inputs
    )


def is_half(spec: Spec, model: Model | None) -> bool:
    """Whether the file is float16, or is to be."""
    schemes = {spec.model.quantization, None if model is None else quantization_scheme(model)}
    return "float16" in schemes


def _is_labelled(spec: Spec) -> bool:
    return spec.dataset is not None and spec.dataset.labels is not None
