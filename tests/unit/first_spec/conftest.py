import io
from pathlib import Path

import pytest
from models import OpDef, TensorDef, build_model

from edgecheck.first_spec.from_model import spec_facts
from edgecheck.first_spec.recipe import read_recipe
from edgecheck.first_spec.text import spec_text
from edgecheck.spec.load import parse_spec
from edgecheck.tflite.reader import read_model


@pytest.fixture
def model_of():
    """A model file with one input and one output, and one operator between."""

    def build(shape, output=(1, 3), operator="SOFTMAX", metadata=None, **tensor):
        names = {"input": tensor.pop("name", "input"), "output": tensor.pop("output_name", "y")}
        tensors = [TensorDef(names["input"], shape, **tensor), TensorDef(names["output"], output)]
        custom = None if operator.isupper() else operator
        operators = [OpDef(operator, [0], [1], custom_code=custom)]
        return build_model(tensors, operators, [0], [1], metadata=metadata)

    return build


@pytest.fixture
def draft():
    """Model bytes -> (text of the first spec, the spec as it is loaded)."""

    def make(data, task=None, source=None):
        recipe = None if source is None else read_recipe(str(source))
        text = spec_text(spec_facts(data, read_model(data), "m.tflite", task, recipe))
        return text, parse_spec(text.encode(), Path("m.yaml")).spec

    return make


@pytest.fixture
def png():
    """(height, width, 3) uint8 -> the bytes of a PNG."""

    def encode(pixels):
        from PIL import Image

        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        return stream.getvalue()

    return encode
