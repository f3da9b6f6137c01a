"""Plain evidence for checks: a healthy int8 classifier of images, to be changed field by field."""

from dataclasses import replace
from typing import Any

import numpy as np

from edgecheck.checks.evidence import Evidence
from edgecheck.compare.sensitivity import Sensitivity
from edgecheck.compare.statistics import (
    Comparison,
    InputStatistics,
    LabelStatistics,
    OutputComparison,
    OutputStatistics,
    PairStatistics,
)
from edgecheck.quantization import QuantParams
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Contract, Model, Operator, Port, Subgraph, Tensor

SAMPLES = 200
CLASSES = 10
LSB = 1 / 256


def tensor(index: int = 0, **changes: Any) -> Tensor:
    """An int8 image input over [-1, 1] unless changed."""
    plain = Tensor(
        index=index,
        name=f"tensor{index}",
        shape=(1, 8, 8, 3),
        shape_signature=(1, 8, 8, 3),
        dtype="int8",
        quantization=QuantParams((2 / 255,), (0,)),
        buffer=0,
        is_constant=False,
        is_variable=False,
    )
    changed = replace(plain, **changes)
    return replace(changed, shape_signature=changes.get("shape_signature", changed.shape))


def output_tensor(index: int = 1, **changes: Any) -> Tensor:
    """An int8 softmax output of ten classes unless changed."""
    own = {"shape": (1, CLASSES), "quantization": QuantParams((LSB,), (-128,))}
    return tensor(index, **{"name": "output", **own, **changes})


def model(tensors: list[Tensor], inputs: int = 1, operators: tuple[Operator, ...] = ()) -> Model:
    """A file with one subgraph; the first `inputs` tensors are inputs, the last is the output."""
    plain = Operator(0, "CONV_2D", 1, tuple(range(inputs)), (len(tensors) - 1,), is_custom=False)
    graph = Subgraph(
        0, "main", tuple(tensors), operators or (plain,), tuple(range(inputs)), (len(tensors) - 1,)
    )
    return Model("0" * 64, 1000, 3, "", (graph,), (), (), None, ())


def spec(inputs: dict[str, Any] | None = None, **parts: Any) -> Spec:
    """A spec of a classifier; `inputs` are input name -> its section."""
    sections = {"version": 1, "model": {"task": "classification"}, **parts}
    sections["inputs"] = {
        name: {"kind": "array", **section}
        for name, section in (inputs or {"image": {"range": (-1.0, 1.0)}}).items()
    }
    return Spec.model_validate(sections)


def seen_input(**changes: Any) -> InputStatistics:
    """An input that fills [-1, 1] with different samples."""
    plain = InputStatistics(
        name="image",
        samples=SAMPLES,
        elements=SAMPLES * 192,
        low=-1.0,
        high=1.0,
        clipped=0,
        fractional=0,
        nonfinite=0,
        nonfinite_samples=(),
        nonfinite_sample_count=0,
        distinct=SAMPLES,
        duplicate=None,
        constant_features=None,
    )
    return replace(plain, **changes)


def seen_output(**changes: Any) -> OutputStatistics:
    """A softmax output that names every class equally often, with half of its rows repeated."""
    plain = OutputStatistics(
        name="output",
        samples=SAMPLES,
        values=SAMPLES * CLASSES,
        nonfinite=0,
        nonfinite_samples=0,
        distinct=96,
        spread=0.99,
        largest=0.996,
        zero_samples=0,
        class_counts=np.full(CLASSES, SAMPLES // CLASSES),
    )
    return replace(plain, **changes)


def seen_pair(**changes: Any) -> PairStatistics:
    """A candidate that follows its reference closely."""
    plain = PairStatistics(
        sqnr_db=32.0,
        sqnr_db_interval=(30.0, 34.0),
        cosine_p5=0.995,
        cosine_p5_interval=(0.99, 0.997),
        max_abs_error=0.1,
        agreement=0.99,
        agreement_interval=(0.97, 1.0),
        kl_median=0.002,
        kl_median_interval=(0.001, 0.003),
    )
    return replace(plain, **changes)


def seen_labels(**changes: Any) -> LabelStatistics:
    """Balanced labels that both models meet equally often."""
    plain = LabelStatistics(
        labelled=SAMPLES,
        class_counts=dict.fromkeys(range(CLASSES), SAMPLES // CLASSES),
        highest=CLASSES - 1,
        candidate_accuracy=0.95,
        reference_accuracy=0.955,
        mcnemar_p=1.0,
        confusion=np.stack([SAMPLES // CLASSES // 2 * np.eye(CLASSES, dtype=np.int64)] * 2),
    )
    return replace(plain, **changes)


def compared(**changes: Any) -> OutputComparison:
    """One output of candidate and reference, both healthy, without labels."""
    plain = OutputComparison(
        name="output",
        scale=LSB,
        candidate=seen_output(),
        reference=seen_output(distinct=SAMPLES),
        pair=seen_pair(),
        labels=None,
    )
    return replace(plain, **changes)


def alone(**changes: Any) -> OutputComparison:
    """One output of a candidate without reference."""
    return compared(**{"reference": None, "pair": None, **changes})


def passed_over(*outputs: OutputComparison, **changes: Any) -> Comparison:
    """A pass over the dataset that saw these outputs."""
    plain = Comparison(SAMPLES, (seen_input(),), outputs or (compared(),), (), (1.0, 2.0, 3.0))
    return replace(plain, **changes)


def moved(spread: float = 0.5, **changes: Any) -> Sensitivity:
    """An input whose variation moves the output."""
    return replace(Sensitivity("image", 4, 4, {"output": spread}), **changes)


def evidence(**changes: Any) -> Evidence:
    """Everything healthy, with a reference and without labels.

    `ports` may replace the input ports, by spec name; contract, file and binding follow from it.
    """
    ports = changes.pop("ports", {"image": Port("image", tensor())})
    output = changes.pop("output", Port("output", output_tensor(len(ports))))
    tensors = [*(port.tensor for port in ports.values()), output.tensor]
    operators = changes.pop("operators", ())
    plain = Evidence(
        spec=spec(),
        label_names=(),
        model=model(tensors, len(ports), operators),
        contract=Contract(tuple(ports.values()), (output,), 0, None, has_state=False),
        bound=ports,
        comparison=passed_over(),
    )
    return replace(plain, **changes)
