"""What is tried, what is chosen and what is written, with a converter that hands out ready files."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from command_line import COLLAPSED, DIGITS, HEALTHY, SPEC

from edgecheck import convert as use_case
from edgecheck.conversion.process import Converted
from edgecheck.convert import ConvertOptions, convert, worst_operators
from edgecheck.errors import ConversionFailed, InputMissing, UsageError
from edgecheck.report.text_conversion import render
from edgecheck.runs.draft import Options
from edgecheck.tflite.reader import load_model
from edgecheck.validation import validate

FLOAT = DIGITS / "float.tflite"
OPTIONS = Options(runtime="litert", limit=80, layers="never")


@pytest.fixture
def converter(monkeypatch):
    """Give (scheme, operators in float) -> the file, or an error, that comes out."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    asked = []

    def install(answers):
        def convert_in_child(request, _timeout):
            asked.append(request)
            answer = answers(request)
            if isinstance(answer, Exception):
                raise answer
            shutil.copy(answer, request.out)
            return Converted(request.out, "a converter 1.0", "")

        monkeypatch.setattr(use_case, "convert_in_child", convert_in_child)
        return asked

    return install


@pytest.fixture
def spec(tmp_path):
    """The spec of the digits without a promise about the quantization."""

    def write(**changes):
        content = yaml.safe_load(SPEC.read_text().replace("../sample_models/digits", str(DIGITS)))
        del content["model"]["quantization"]
        path = tmp_path / "spec.yaml"
        path.write_text(yaml.safe_dump({**content, **changes}))
        return path

    return write


def converted(spec, out, source=FLOAT, **options):
    shared = ConvertOptions(options.pop("validation", OPTIONS), **options)
    return convert(spec, source, out, shared, lambda *_: None)


def test_a_passing_file_is_written_as_it_was_validated(converter, spec, tmp_path):
    asked = converter(lambda _: HEALTHY)
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="full-integer")
    assert (found.exit_code, found.is_written, found.calibrated) == (0, True, 40)
    assert found.chosen.report.metrics.samples == 40
    assert load_model(out)[1].sha256 == found.chosen.report.environment["model"]["sha256"]
    (request,) = asked
    assert (request.scheme, request.io, request.format) == ("full-integer", "int8", "tflite")
    assert request.shapes == {"image": (16, 16, 1)}
    text = render(found, out)
    assert "40 to calibrate on, others to judge by" in text
    assert max(map(len, text.replace(str(out), "out").splitlines())) <= 80


def test_a_failing_file_is_not_written(converter, spec, tmp_path):
    converter(lambda _: COLLAPSED)
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="full-integer")
    assert (found.exit_code, found.is_written, out.exists()) == (1, False, False)
    assert "DECLINED  full-integer" in render(found, out)
    found = converted(spec(), out, quantize="full-integer", keep_failing=True)
    assert (found.exit_code, found.is_written, out.exists()) == (1, True, True)
    assert "does not pass (--keep-failing)" in " ".join(render(found, out).split())


def test_without_samples_nothing_is_proven_and_nothing_written(converter, spec, tmp_path):
    converter(lambda _: HEALTHY)
    out = tmp_path / "out.tflite"
    found = converted(spec(dataset=None), out, quantize="dynamic-range")
    assert (found.exit_code, found.is_written, out.exists()) == (3, False, False)
    with pytest.raises(UsageError, match="no `dataset`"):
        converted(spec(dataset=None), out, quantize="full-integer")


def test_few_samples_calibrate_and_judge(converter, spec, tmp_path):
    converter(lambda _: HEALTHY)
    few = Options(runtime="litert", limit=30, layers="never")
    found = converted(spec(), tmp_path / "out.tflite", quantize="full-integer", validation=few)
    assert (found.calibrated, found.is_unseen) == (30, False)
    assert found.chosen.report.metrics.samples == 30
    assert "the same and all others" in render(found, tmp_path / "out.tflite")


def test_auto_takes_the_smallest_that_passes(converter, spec, tmp_path):
    files = {"full-integer": COLLAPSED, "int16x8": HEALTHY, "dynamic-range": FLOAT}
    refusal = ConversionFailed("no float16 today", hint="")
    asked = converter(lambda request: files.get(request.scheme, refusal))
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="auto")
    assert [request.scheme for request in asked] == [
        "full-integer", "int16x8", "dynamic-range", "float16",
    ]  # fmt: skip
    assert found.chosen.plan.scheme == "int16x8"
    assert (found.exit_code, found.is_written) == (0, True)
    text = render(found, out)
    assert "* int16x8" in text
    assert "no float16 today" in text
    assert max(map(len, text.replace(str(out), "out").splitlines())) <= 80


def test_auto_keeps_ever_more_of_the_worst_operators_in_float(
    converter, spec, tmp_path, monkeypatch
):
    monkeypatch.setattr(use_case, "source_format", lambda _: "keras")
    refusal = ConversionFailed("not this one", hint="")

    def answers(request):
        if request.scheme != "full-integer":
            return refusal
        return HEALTHY if len(request.float_operators) == 2 else COLLAPSED

    asked = converter(answers)
    found = converted(
        spec(), tmp_path / "out.tflite", quantize="auto", validation=replace(OPTIONS, layers="auto")
    )
    assert [len(request.float_operators) for request in asked[:3]] == [0, 1, 2]
    assert asked[2].float_operators[:1] == asked[1].float_operators
    assert asked[2].float_operators == worst_operators(found.trials[0].report)[:2]
    assert found.chosen is found.trials[2]
    assert (found.chosen.plan.io, found.is_written) == ("float32", True)
    assert "2 in float" in render(found, tmp_path / "out.tflite")


def test_auto_writes_nothing_where_nothing_passes(converter, spec, tmp_path):
    converter(lambda _: ConversionFailed("no", hint=""))
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="auto", keep_failing=True)
    assert (found.exit_code, found.chosen, out.exists()) == (1, None, False)
    assert "No scheme passes" in render(found, out)


def test_the_spec_says_the_scheme_where_the_command_line_does_not(converter, tmp_path):
    asked = converter(lambda _: HEALTHY)
    converted(SPEC, tmp_path / "out.tflite")
    assert asked[0].scheme == "full-integer"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quantize": "float16", "io": "int8"}, "--io int8"),
        ({"quantize": "none"}, "float .tflite already"),
        ({"quantize": "full-integer", "calibrate": 81}, "there are 80 samples"),
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(converter, spec, tmp_path, options, words):
    converter(lambda _: HEALTHY)
    with pytest.raises(UsageError, match=words):
        converted(spec(), tmp_path / "out.tflite", **options)


def test_sources_that_are_none_are_told_apart(spec, tmp_path):
    path, out = spec(), tmp_path / "out.tflite"
    with pytest.raises(UsageError, match="quantized already"):
        converted(path, out, source=HEALTHY)
    with pytest.raises(UsageError, match="no trained model"):
        converted(path, out, source=path)
    with pytest.raises(InputMissing, match="does not exist"):
        converted(path, out, source=Path("nowhere.keras"))


def test_nothing_that_exists_is_replaced(converter, spec, tmp_path):
    asked = converter(lambda _: HEALTHY)
    out = tmp_path / "out.tflite"
    out.write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists"):
        converted(spec(), out, quantize="full-integer")
    with pytest.raises(UsageError, match="is an input"):
        converted(spec(), FLOAT, quantize="full-integer", force=True)
    assert (asked, out.read_bytes()) == ([], b"mine")
    assert converted(spec(), out, quantize="full-integer", force=True).is_written


def test_the_operator_that_loses_most_by_itself_comes_first():
    report = validate(SPEC, COLLAPSED, Options(runtime="litert", limit=40, layers="always"))
    names = worst_operators(report)
    own = {layer.tensor: layer.isolated_sqnr_db for layer in report.layers if layer.index >= 0}
    levels = [own[name] for name in names]
    assert len(names) >= 5
    assert levels == sorted(levels)
