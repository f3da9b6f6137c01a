import numpy as np
import pytest
from evidence import compared, evidence, model, output_tensor, passed_over, spec, tensor

from edgecheck.checks import heads
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.statistics import ElementStatistics, Measure, TaskStatistics
from edgecheck.tflite.graph import Operator


def output(ranges, step, group=None):
    name = "output" if group is None else f"output/{group}"
    whole = None if group is None else "output"
    return compared(name=name, whole=whole, step=step, task=TaskStatistics(ranges=tuple(ranges)))


def found(*outputs):
    return list(heads.check_scale(evidence(comparison=passed_over(*outputs))))


BOX, SCORE = (0.0, 640.0), (0.02, 0.9)


@pytest.mark.parametrize(
    ("ranges", "step", "expected"),
    [
        ([BOX, BOX, SCORE], 2.5, "error"),
        ([BOX, BOX, SCORE], 1 / 16, "warning"),
        ([BOX, BOX, SCORE], 1 / 256, None),
        ([(0.0, 1.0), (0.0, 0.01)], 1 / 256, None),  # a class that hardly occurs
        ([BOX, (0.0, 0.0)], 2.5, None),  # padding
        ([BOX, (np.inf, -np.inf)], 2.5, None),  # nothing finite
        ([BOX, (-2.0, 2.0)], 2.5, "warning"),  # it may hardly move in these samples
        ([(0.0, 60.0), SCORE], 2.5, None),  # nothing has steps enough: not the shared scale
        ([BOX, SCORE], None, None),  # a float output
    ],
)
def test_a_channel_with_few_steps_beside_one_with_plenty(ranges, step, expected):
    findings = found(output(ranges, step))
    assert [finding.severity for finding in findings] == ([expected] if expected else [])


def test_a_declared_group_is_named_with_its_pooled_range():
    (finding,) = found(output([BOX], 2.5, "boxes"), output([(-2, 0), (0, 3)], 2.5, "logits"))
    assert finding.severity == "error"
    assert finding.subject.name == "output"
    assert finding.evidence["group"] == "group logits"
    assert finding.evidence["reference_range"] == [-2, 3]
    assert finding.evidence["levels"] == 2


@pytest.mark.parametrize(
    ("variation", "high", "expected"),
    [(3.0, 20.0, "error"), (14.0, 20.0, "warning"), (3.0, 60.0, None), (3.0, 1e-6, "error")],
)
def test_a_target_with_few_steps_beside_one_with_plenty(variation, high, expected):
    elements = (ElementStatistics(1, Measure(variation)),)
    task = TaskStatistics(ranges=((0.0, 1000.0), (0.0, high), (5.0, 5.0)), elements=elements)
    findings = found(compared(kind="values", step=5.0, task=task))
    assert [finding.severity for finding in findings] == ([expected] if expected else [])
    assert all(finding.evidence["group"] == "element 1" for finding in findings)


def test_groups_without_a_reference_are_not_passed_over_in_silence():
    described = spec(outputs={"output": {"groups": {"a": (0, 2)}}})
    with pytest.raises(NotApplicable, match="without a reference"):
        list(heads.check_scale(evidence(spec=described)))
    assert found(compared()) == []


def test_what_is_not_judged_of_postprocessed_detections_is_said():
    operator = Operator(0, "TFLite_Detection_PostProcess", 1, (0,), (2, 3, 1, 4), is_custom=True)
    tensors = [tensor(), output_tensor(1), tensor(2), tensor(3), tensor(4)]
    with pytest.raises(NotApplicable, match="sorted scores"):
        list(heads.check_postprocessed(evidence(model=model(tensors, 1, [operator]))))
    assert list(heads.check_postprocessed(evidence())) == []
