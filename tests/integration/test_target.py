"""A file that today's TensorFlow writes, for a board that has the last tflite-runtime."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from edgecheck.runs.draft import Options
from edgecheck.validation import validate

SPEC = """
version: 1
model: {task: other}
inputs: {features: {kind: array, shape: [8]}}
"""


@pytest.fixture(scope="module")
def dynamic_range(tmp_path_factory):
    """A dense layer with per-channel weights, quantized in the dynamic-range scheme."""
    tf = pytest.importorskip("tensorflow", reason="tensorflow converts the model here")
    weights = np.random.default_rng(0).normal(size=(8, 1024)).astype(np.float32)
    function = tf.function(
        lambda x: tf.matmul(x, tf.constant(weights)),
        input_signature=[tf.TensorSpec((1, 8), tf.float32)],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    path = tmp_path_factory.mktemp("target") / "model.tflite"
    path.write_bytes(converter.convert())
    return path


def _report(model, target, **options):
    spec = model.with_name("spec.yaml")
    spec.write_text(SPEC + target)
    return validate(spec, model, Options(**options))


def _versions(report):
    return [
        (finding.evidence["operator"], finding.evidence["version"], finding.evidence["release"])
        for finding in report.findings
        if finding.rule == "op-version-unsupported"
    ]


def test_the_version_is_found_before_running_and_litert_takes_it(dynamic_range):
    report = _report(dynamic_range, "target: {runtime: tflite-runtime==2.14.0}", static=True)
    assert _versions(report) == [("FULLY_CONNECTED", 12, "2.14.0")]
    assert (report.exit_code, report.root_cause.rule) == (1, "op-version-unsupported")
    litert = _report(dynamic_range, "target: {runtime: litert==2.3.0}", static=True)
    assert (_versions(litert), litert.exit_code) == ([], 0)


def test_the_runtime_in_use_is_judged_and_its_refusal_is_a_symptom(dynamic_range):
    if importlib.util.find_spec("tflite_runtime") is None:
        pytest.skip("tflite-runtime is not installed here")
    report = _report(dynamic_range, "", runtime="tflite-runtime")
    assert [version[:2] for version in _versions(report)] == [("FULLY_CONNECTED", 12)]
    roles = {finding.rule: finding.role for finding in report.findings}
    assert roles["load-failed"] == "symptom"
    assert [cause.rule for cause in report.causes] == ["op-version-unsupported"]
    assert report.causes[0].explains


def test_an_unknown_device_ends_in_exit_2_with_its_place_and_a_suggestion(dynamic_range):
    report = _report(dynamic_range, "target: {device: coral-usbb}", static=True)
    assert report.exit_code == 2
    assert "spec.yaml:5:10: there is no device 'coral-usbb'; did you mean" in report.error.message


def test_the_device_of_the_command_line_is_judged(dynamic_range):
    spec = dynamic_range.with_name("spec.yaml")
    spec.write_text(SPEC)
    command = [sys.executable, "-m", "edgecheck", "validate", str(spec), str(dynamic_range)]
    run = subprocess.run(
        [*command, "--static", "--target", "coral-dev-board"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "tflite-runtime 2.5.0 on coral-dev-board will not load" in " ".join(run.stdout.split())
