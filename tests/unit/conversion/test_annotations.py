"""What a converted file says about itself, written in place and read back."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from command_line import DIGITS, HEALTHY, ROOT, SPEC
from metadata_writer import Said, metadata
from nets import run
from tflite_writer import TensorDef, build_model

from edgecheck.conversion.annotations import LABELS, annotate
from edgecheck.spec.load import load_spec
from edgecheck.tflite.buffers import buffer_spans
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.metadata import (
    NAME,
    ORIGIN,
    packed_labels,
    read_metadata,
    read_origin,
)
from edgecheck.tflite.reader import read_model

DIGIT_NAMES = tuple("0123456789")
ROWS = np.linspace(-1, 1, 3 * 256, dtype=np.float32).reshape(3, 16, 16, 1)


def annotated(data=None, spec=SPEC, names=DIGIT_NAMES):
    data = HEALTHY.read_bytes() if data is None else data
    return annotate(data, load_spec(spec), names, {"source": "digits.keras"})


def test_normalisation_labels_and_origin_are_read_back():
    data = annotated()
    model = read_model(data)
    found = read_metadata(data, model)
    ((image,), (output,)) = found.inputs, found.outputs
    assert (image.mean, image.std) == (pytest.approx((127.5,)), pytest.approx((127.5,)))
    assert image.color == "L"
    assert output.axis_labels == (LABELS,)
    assert packed_labels(data, LABELS) == DIGIT_NAMES
    origin = read_origin(data, model)
    assert origin["spec_sha256"] == load_spec(SPEC).sha256
    assert origin["source"] == "digits.keras"


@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime", "tensorflow"])
def test_every_runtime_answers_as_before(runtime):
    before, after = (run(data, ROWS, runtime) for data in (HEALTHY.read_bytes(), annotated()))
    assert all((old == new).all() for old, new in zip(before, after, strict=True))


def test_everything_else_stays_as_it_was():
    old, new = read_model(HEALTHY.read_bytes()), read_model(annotated())
    assert new.subgraphs == old.subgraphs
    assert new.signatures == old.signatures
    assert new.metadata[: len(old.metadata)] == old.metadata


def test_normalisation_of_each_channel_is_that_of_the_steps():
    data = annotated((DIGITS.parent / "photos" / "float.tflite").read_bytes(),
                     ROOT / "configs" / "photos.yaml", ())  # fmt: skip
    ((image,), _) = (found := read_metadata(data, read_model(data))).inputs, found.outputs
    assert image.mean == pytest.approx([255 * m for m in (0.485, 0.456, 0.406)], rel=1e-3)
    assert image.std == pytest.approx([255 * s for s in (0.229, 0.224, 0.225)], rel=1e-3)
    assert image.color == "RGB"
    assert packed_labels(data, LABELS) is None


def test_steps_that_are_no_straight_line_state_no_normalisation(tmp_path: Path):
    content = yaml.safe_load(SPEC.read_text().replace("../sample_models/digits", str(DIGITS)))
    content["inputs"]["image"]["steps"].append({"rescale": {"scale": -1}})
    del content["inputs"]["image"]["range"]
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    data = annotated(spec=path)
    (image,) = read_metadata(data, read_model(data)).inputs
    assert (image.mean, image.std) == ((), ())


@pytest.mark.parametrize("names", [(), DIGIT_NAMES[:9], ("a\nb", *DIGIT_NAMES[1:])])
def test_names_that_do_not_fit_the_output_are_left_out(names):
    data = annotated(names=names)
    assert packed_labels(data, LABELS) is None
    assert read_metadata(data, read_model(data)).outputs[0].axis_labels == ()


def test_what_a_file_says_about_itself_already_stays():
    editor = Editor(HEALTHY.read_bytes())
    editor.add_metadata(NAME, metadata([Said(mean=[1.0], std=[2.0])], [Said()]))
    data = annotated(editor.finish())
    assert read_metadata(data, read_model(data)).inputs[0].mean == (1.0,)
    assert annotated(data) == data


def test_metadata_of_a_name_that_is_there_is_refused():
    editor = Editor(annotated())
    with pytest.raises(ValueError, match=ORIGIN):
        editor.add_metadata(ORIGIN, b"")


def test_a_file_without_any_metadata_gets_it():
    data = build_model([TensorDef("x", (1, 2)), TensorDef("y", (1, 2))], [], [0], [1])
    editor = Editor(data)
    editor.add_metadata("first", b"1234567")
    editor.add_metadata("second", b"")
    written = editor.finish()
    model = read_model(written)
    assert [(each.name, each.size_bytes) for each in model.metadata][-2:] == [
        ("first", 7), ("second", 0),
    ]  # fmt: skip
    assert b"1234567" in [bytes(span.of(written)) for span in buffer_spans(written)]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"a": 1}', b"[" * 5000])
def test_an_origin_of_another_kind_counts_as_absent(content):
    editor = Editor(HEALTHY.read_bytes())
    editor.add_metadata(ORIGIN, content)
    data = editor.finish()
    assert read_origin(data, read_model(data)) == {}
