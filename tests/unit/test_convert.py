"""What is tried, what is chosen and what is written, with a converter that hands out ready files."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from command_line import COLLAPSED, DIGITS, HEALTHY, SPEC

from edgecheck import convert as use_case
from edgecheck.conversion.process import Converted, Converter, ConverterLost
from edgecheck.conversion.request import ConversionRequest
from edgecheck.convert import ConvertOptions, convert, worst_operators
from edgecheck.errors import ConversionFailed, InputMissing, RuntimeMissing, UsageError
from edgecheck.report.text_conversion import render
from edgecheck.runs.draft import Options
from edgecheck.samples.holdout import TooFewSamples
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
        def stand_in(_converter, request, _timeout):
            asked.append(request)
            answer = answers(request)
            if isinstance(answer, Exception):
                raise answer
            shutil.copy(answer, request.out)
            return Converted(request.out, "a converter 1.0")

        monkeypatch.setattr(Converter, "convert", stand_in)
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
    assert (found.exit_code, found.written, found.reason) == (0, str(out), "")
    assert (found.calibrated, found.unseen, found.report.metrics.samples) == (40, 40, 40)
    _, model = load_model(out)
    assert model.sha256 == found.report.environment["model"]["sha256"]
    assert (found.scheme, found.io, found.size_bytes) == ("full-integer", "int8", model.size_bytes)
    (request,) = asked
    assert (request.scheme, request.io, request.format) == ("full-integer", "int8", "tflite")
    assert request.shapes == {"image": (16, 16, 1)}
    text = render(found)
    assert "40 to calibrate on, 40 others to judge by" in text
    assert max(map(len, text.replace(str(out), "out").splitlines())) <= 80


def test_a_failing_file_is_not_written(converter, spec, tmp_path):
    converter(lambda _: COLLAPSED)
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="full-integer")
    assert (found.exit_code, found.written, out.exists()) == (1, None, False)
    assert "calibration-preprocessing-mismatch" in found.reason
    assert "DECLINED  full-integer" in render(found)
    found = converted(spec(), out, quantize="full-integer", keep_failing=True)
    assert (found.exit_code, found.written, out.exists()) == (1, str(out), True)
    assert "does not pass (--keep-failing)" in " ".join(render(found).split())


def test_without_samples_nothing_is_proven_and_nothing_written(converter, spec, tmp_path):
    converter(lambda _: HEALTHY)
    out = tmp_path / "out.tflite"
    found = converted(spec(dataset=None), out, quantize="dynamic-range")
    assert (found.exit_code, found.written, out.exists()) == (3, None, False)
    with pytest.raises(UsageError, match="no `dataset`"):
        converted(spec(dataset=None), out, quantize="full-integer")


def few(count):
    return Options(runtime="litert", limit=count, layers="never")


def test_too_few_samples_prove_no_range(converter, spec, tmp_path):
    asked, out = converter(lambda _: HEALTHY), tmp_path / "out.tflite"
    with pytest.raises(TooFewSamples, match=r"29 samples: 10 at least .* 20 others") as found:
        converted(spec(), out, quantize="full-integer", validation=few(29))
    assert (found.value.exit_code, asked, out.exists()) == (3, [], False)
    done = converted(spec(), out, quantize="full-integer", validation=few(30))
    assert (done.exit_code, done.calibrated, done.unseen) == (0, 10, 20)


def test_without_calibration_few_samples_prove_little(converter, spec, tmp_path):
    converter(lambda _: FLOAT)
    out = tmp_path / "out.tflite"
    alone = converted(spec(), out, quantize="dynamic-range", validation=few(1))
    assert (alone.exit_code, alone.written) == (3, None)
    found = converted(spec(), out, quantize="auto", validation=few(3))
    assert (found.exit_code, found.calibrated, found.unseen) == (0, 0, 3)
    assert [each.verdict for each in found.trials] == [None, None, "pass", "pass"]
    assert "10 at least to calibrate on" in found.trials[0].reason
    text = render(found)
    assert "3 to judge by. So few prove little" in text
    assert "to calibrate on, 3" not in text


def test_auto_goes_on_where_a_scheme_kills_the_converter(converter, spec, tmp_path):
    files = {"int16x8": HEALTHY, "dynamic-range": ConverterLost("it gave no answer", hint="")}
    death = ConverterLost("the converter died (SIGSEGV)", hint="")
    converter(lambda request: files.get(request.scheme, death))
    found = converted(spec(), tmp_path / "out.tflite", quantize="auto")
    assert (found.scheme, found.exit_code) == ("int16x8", 0)
    assert [each.reason for each in found.trials] == [
        "the converter died (SIGSEGV)", "", "it gave no answer", "the converter died (SIGSEGV)",
    ]  # fmt: skip
    assert "died (SIGSEGV)" in render(found)


def test_auto_that_only_kills_its_converter_proves_nothing(converter, spec, tmp_path):
    converter(lambda _: ConverterLost("the converter died (SIGKILL)", hint=""))
    found = converted(spec(), tmp_path / "out.tflite", quantize="auto")
    assert (found.scheme, found.exit_code, found.report) == (None, 3, None)


def test_what_no_scheme_can_help_ends_auto(converter, spec, tmp_path):
    asked = converter(lambda _: RuntimeMissing("no tensorflow", hint=""))
    with pytest.raises(RuntimeMissing):
        converted(spec(), tmp_path / "out.tflite", quantize="auto")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("io", "schemes"),
    [
        ("int8", ["full-integer"]),
        ("uint8", ["full-integer"]),
        ("float32", ["full-integer", "int16x8", "dynamic-range", "float16"]),
    ],
)
def test_auto_keeps_to_the_inputs_and_outputs_that_were_asked_for(
    converter, spec, tmp_path, io, schemes
):
    asked = converter(lambda _: COLLAPSED)
    found = converted(spec(), tmp_path / "out.tflite", quantize="auto", io=io)
    assert [request.scheme for request in asked] == schemes
    assert {request.io for request in asked} == {each.io for each in found.trials} == {io}


def test_nothing_is_written_into_the_folder_of_the_source(converter, spec, tmp_path):
    asked = converter(lambda _: HEALTHY)
    source = tmp_path / "saved"
    (source / "assets").mkdir(parents=True)
    for out in (source / "out.tflite", source / "assets" / ".." / "assets" / "out.tflite"):
        with pytest.raises(UsageError, match=r"lies inside .*saved"):
            converted(spec(), out, source=source, quantize="full-integer")
    assert asked == []


def test_auto_takes_the_smallest_that_passes(converter, spec, tmp_path):
    files = {"full-integer": COLLAPSED, "int16x8": HEALTHY, "dynamic-range": FLOAT}
    refusal = ConversionFailed("no float16 today", hint="")
    asked = converter(lambda request: files.get(request.scheme, refusal))
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="auto")
    assert [request.scheme for request in asked] == [
        "full-integer", "int16x8", "dynamic-range", "float16",
    ]  # fmt: skip
    assert (found.scheme, found.exit_code, found.written) == ("int16x8", 0, str(out))
    assert [(each.verdict, each.reason) for each in found.trials[1:]] == [
        ("pass", ""), ("pass", ""), (None, "no float16 today"),
    ]  # fmt: skip
    text = render(found)
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

    asked, ranked = converter(answers), []
    rank = use_case.worst_operators
    monkeypatch.setattr(
        use_case, "worst_operators", lambda report: ranked.append(report) or rank(report)
    )
    found = converted(
        spec(), tmp_path / "out.tflite", quantize="auto", validation=replace(OPTIONS, layers="auto")
    )
    assert [len(request.float_operators) for request in asked[:3]] == [0, 1, 2]
    assert asked[2].float_operators[:1] == asked[1].float_operators
    names = [each.tensor for each in ranked.pop(0).layers]
    assert set(asked[2].float_operators) <= set(names)
    assert found.float_operators == found.trials[2].float_operators == asked[2].float_operators
    assert (found.io, found.exit_code) == ("float32", 0)
    assert "2 in float" in render(found)


def test_auto_writes_nothing_where_nothing_passes(converter, spec, tmp_path):
    converter(lambda _: ConversionFailed("no", hint=""))
    out = tmp_path / "out.tflite"
    found = converted(spec(), out, quantize="auto", keep_failing=True)
    assert (found.exit_code, found.scheme, out.exists()) == (1, None, False)
    assert found.reason == "no scheme passes"
    assert "No scheme passes" in render(found)


def test_the_spec_says_the_scheme_where_the_command_line_does_not(converter, tmp_path):
    asked = converter(lambda _: HEALTHY)
    converted(SPEC, tmp_path / "out.tflite")
    assert asked[0].scheme == "full-integer"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quantize": "float16", "io": "int8"}, "--io int8"),
        ({"quantize": "none"}, "float .tflite already"),
        ({"quantize": "full-integer", "calibrate": 61}, "--calibrate 61 of 80"),
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


def test_the_float_file_of_the_stages_is_converted_once(converter, spec, tmp_path, monkeypatch):
    asked = converter(lambda _: HEALTHY)
    examine, files = use_case.examine, []

    def followed(draft, *rest):
        request = ConversionRequest(FLOAT, "keras", tmp_path / "gone.tflite")
        files.append(draft.converter(request, 1.0).path)
        return examine(draft, *rest)

    monkeypatch.setattr(use_case, "examine", followed)
    converted(spec(), tmp_path / "out.tflite", quantize="auto")
    schemes = [request.scheme for request in asked]
    assert (len(schemes), schemes.count("none"), len(files)) == (5, 1, 4)
    assert set(files) == {asked[1].out}


def test_nothing_that_exists_is_replaced(converter, spec, tmp_path):
    asked = converter(lambda _: HEALTHY)
    out = tmp_path / "out.tflite"
    out.write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists"):
        converted(spec(), out, quantize="full-integer")
    with pytest.raises(UsageError, match="is an input"):
        converted(spec(), FLOAT, quantize="full-integer", force=True)
    assert (asked, out.read_bytes()) == ([], b"mine")
    assert converted(spec(), out, quantize="full-integer", force=True).written


def test_the_operator_that_loses_most_by_itself_comes_first():
    report = validate(SPEC, COLLAPSED, Options(runtime="litert", limit=40, layers="always"))
    names = worst_operators(report)
    own = {layer.tensor: layer.isolated_sqnr_db for layer in report.layers if layer.index >= 0}
    levels = [own[name] for name in names]
    assert len(names) >= 5
    assert levels == sorted(levels)
