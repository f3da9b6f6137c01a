"""Float .tflite files, quantized by ai-edge-quantizer."""

from importlib.util import find_spec

import pytest
from command_line import DIGITS, SPEC

from edgecheck.convert import ConvertOptions, convert
from edgecheck.errors import ConversionFailed
from edgecheck.runs.draft import Options
from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.reader import load_model

pytestmark = pytest.mark.skipif(
    find_spec("ai_edge_quantizer") is None, reason="ai-edge-quantizer is not installed"
)
FAST = Options(runtime="litert", layers="never")


def converted(tmp_path, scheme, io=None):
    out, spec = tmp_path / "out.tflite", tmp_path / "spec.yaml"
    text = SPEC.read_text().replace("../sample_models/digits", DIGITS.as_posix())
    spec.write_text(text.replace("  quantization: full-integer", "  # quantization: any"))
    options = ConvertOptions(FAST, scheme, io)
    return out, convert(spec, DIGITS / "float.tflite", out, options, lambda *_: None)


@pytest.mark.parametrize(
    ("scheme", "io"),
    [("float16", "float32"), ("dynamic-range", "float32"), ("full-integer", "int8"),
     ("full-integer", "float32"), ("int16x8", "float32")],
)  # fmt: skip
def test_every_scheme_passes_on_samples_that_it_has_not_seen(tmp_path, scheme, io):
    out, found = converted(tmp_path, scheme, io if scheme == "full-integer" else None)
    report = found.report
    assert (found.exit_code, report.verdict) == (0, "pass"), report.summary
    assert found.tool.startswith("ai-edge-quantizer ")
    assert report.metrics.accuracy.candidate >= report.metrics.accuracy.reference - 0.01
    _, model = load_model(out)
    contract = contract_of(model, None)
    assert quantization_scheme(model) == scheme
    assert {port.tensor.dtype for port in (*contract.inputs, *contract.outputs)} == {io}


def test_what_the_package_cannot_do_is_said(tmp_path):
    with pytest.raises(ConversionFailed, match="does not make uint8"):
        converted(tmp_path, "full-integer", "uint8")
