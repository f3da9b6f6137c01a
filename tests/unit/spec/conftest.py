import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgecheck.errors import SpecError
from edgecheck.spec.document import read_document
from edgecheck.spec.load import LoadedSpec, load_spec

FULL = """\
version: 1
model:
  task: classification
  reference: digits_float.tflite
  labels: [zero, one]
  quantization: full-integer
inputs:
  image:
    kind: image
    shape: [3, 96, 96]
    layout: NCHW
    range: [-1, 1]
    steps:
      - decode: {color: RGB, exif: ignore}
      - resize: {size: [96, 128], method: area, fit: stretch, implementation: pillow}
      - channel-order: BGR
      - rescale: {scale: 2e-3, offset: -1}
      - normalize: {mean: [0.5, 0.4, 0.3], std: 0.25}
      - minmax: {min: 0, max: [1, 2, 3]}
      - standardize
      - transpose: [2, 0, 1]
      - cast: float32
  gray:
    kind: array
    steps: [to-gray, minmax, preset: keras/mobilenet_v2, center-crop: 96, crop: {top: 0, left: 1, height: 2, width: 3}]
  sound:
    kind: audio
    sample_rate: 16000
    steps:
      - mono: first
      - resample: {rate: 16000}
      - trim-or-pad: {samples: 16000}
      - peak-normalize: max
      - stft: {window: 480, step: 320, fft: 512, window_fn: hann, power: 1, pad: none}
      - log-mel: {bins: 40, low_hz: 20, high_hz: 4e3, log: db, offset: 0, floor: 1e-10, implementation: librosa}
      - mfcc: {coefficients: 10, implementation: librosa}
      - reshape: [49, 10, 1]
  wave:
    kind: audio
    steps: [frame: {length: 400, step: 160, pad: end}]
dataset:
  path: images/*.png
  labels: labels.csv
  arrays: {image: x}
  limit: 500
  seed: 3
  order: file
target: {device: raspberry-pi-4, runtime: tflite-runtime==2.14.0}
tolerances: {agreement: 0.93, sqnr_db: 20, cosine_p5: 0.9, kl_median: 0.1, accuracy_drop: 0.01}
ignore:
  - {rule: softmax-output-resolution, reason: thresholds are above 0.5}
outputs:
  probabilities: {activation: softmax, threshold: 0.5, primary: true}
  extra: {activation: none}
state: reset
signature: serving_default
"""
"""A spec that uses every key."""

START = "version: 1\nmodel: {task: other}\n"
"""The first two lines of a spec; `inputs` is what it lacks."""


@pytest.fixture
def full() -> str:
    return FULL


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str | bytes], LoadedSpec]:
    def load_text(content: str | bytes) -> LoadedSpec:
        path = tmp_path / "spec.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_spec(path)

    return load_text


@pytest.fixture
def problems(load: Callable[[str | bytes], LoadedSpec]) -> Callable[[str | bytes], list[str]]:
    """All problems of a wrong spec, each as `line:column: path: message`."""

    def problems_of(content: str | bytes) -> list[str]:
        with pytest.raises(SpecError) as caught:
            load(content)
        return [f"{p.line}:{p.column}: {p.path}: {p.message}" for p in caught.value.problems]

    return problems_of


@pytest.fixture
def step_problems(problems: Callable[[str | bytes], list[str]]) -> Callable[[str], list[str]]:
    """The problems of one step; its `-` is in column 5 of line 7, and messages lack that path."""

    def problems_of(step: str) -> list[str]:
        text = f"{START}inputs:\n  x:\n    kind: image\n    steps:\n    - {step}\n"
        return [line.replace("inputs.x.steps[0]", "S", 1) for line in problems(text)]

    return problems_of


@pytest.fixture
def full_values() -> Callable[[], dict[str, Any]]:
    """The values of the full spec as plain dicts and lists, new ones at each call."""
    document = json.dumps(read_document(FULL.encode()).value)
    return lambda: json.loads(document)
