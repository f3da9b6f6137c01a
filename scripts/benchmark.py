#!/usr/bin/env python3
"""What edgecheck costs, measured in one run.

    .venv/bin/python scripts/benchmark.py [--repeats 5]

Prints, for a small keyword model and for a MobileNet (both from the folder of published models that
EDGECHECK_CORPUS names) or else for the sample models: the marginal time of one sample in
`validate` beside a bare set_tensor/invoke/get_tensor loop over both models with inputs that are
already quantized; the time of a 500-sample verdict as a user waits for it; and the peak memory at
500 and at 10,000 samples. Machines are noisy: the two loops take turns, the fastest of each counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from bare_loop import bare_seconds, seconds_of

from edgecheck import validate

ROOT = Path(__file__).resolve().parent.parent

CASES = {
    "keyword model": ("kws_dscnn", "candidate.tflite", 1000, 5000),
    "MobileNet": ("mobilenet_v1_025_128_qat", "candidate_coral.tflite", 200, 1000),
}
"""Name -> (folder, candidate, fewer samples, more samples)."""

_PEAK = """
import resource, sys
from edgecheck import validate
report = validate(sys.argv[1], sys.argv[2])
assert report.metrics is not None, report.error
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(own, child)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    for name, (folder, candidate, few, many) in _cases().items():
        models = (folder / "float.tflite", folder / candidate)
        rows = _rows(folder)
        with tempfile.TemporaryDirectory() as scratch:
            specs = {n: _spec(Path(scratch), models[0], rows, n) for n in (few, many, 500, 10_000)}
            _marginal(name, models, rows, {few: specs[few], many: specs[many]}, repeats)
            if name != "MobileNet":
                _verdict(specs[500], models[1], repeats)
                _memory(specs, models[1])


def _cases() -> dict[str, tuple[Path, str, int, int]]:
    corpus = os.environ.get("EDGECHECK_CORPUS")
    if corpus is None:
        print("EDGECHECK_CORPUS is not set: measuring the sample models instead")
        return {"features": (ROOT / "sample_models/features", "int8.tflite", 1000, 5000)}
    return {name: (Path(corpus) / case[0], *case[1:]) for name, case in CASES.items()}


def _rows(folder: Path) -> np.ndarray:
    source = next(folder.glob("*.npz"))
    with np.load(source) as arrays:
        return arrays["x"].astype(np.float32)


def _spec(folder: Path, reference: Path, rows: np.ndarray, count: int) -> Path:
    """A spec over `count` rows, repeated as needed, in an .npy file."""
    data = folder / f"{count}.npy"
    np.save(data, np.resize(rows, (count, *rows.shape[1:])))
    spec = {
        "version": 1,
        "model": {"task": "classification", "reference": str(reference.resolve())},
        "inputs": {"x": {"kind": "array", "shape": list(rows.shape[1:])}},
        "dataset": {"path": str(data)},
    }
    path = folder / f"{count}.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


def _marginal(
    name: str, models: tuple[Path, Path], rows: np.ndarray, specs: dict[int, Path], repeats: int
) -> None:
    """Time of one more sample, edgecheck beside the bare loop."""
    (few, small), (many, large) = specs.items()
    more = many - few
    bare, short, long = [], [], []
    for _ in range(repeats):
        feeds = np.resize(rows, (more, *rows.shape[1:]))
        bare.append(sum(bare_seconds(model, feeds) for model in models) / more)
        short.append(seconds_of(lambda: validate(small, models[1])))
        long.append(seconds_of(lambda: validate(large, models[1])))
    # The smallest of the differences would be the one whose short run was disturbed most.
    ours = (min(long) - min(short)) / more
    print(
        f"{name}: bare loop over both models {1e6 * min(bare):.1f} us a sample, "
        f"edgecheck {1e6 * ours:.1f} us, ratio {ours / min(bare):.2f}"
    )


def _verdict(spec: Path, model: Path, repeats: int) -> None:
    command = [sys.executable, "-m", "edgecheck", "validate", str(spec), str(model), "--quiet"]
    command += ["--runtime", "litert"]
    times = [seconds_of(lambda: subprocess.run(command, check=False)) for _ in range(repeats)]
    print(f"  verdict on 500 samples, from the command line: {min(times):.2f} s (fastest)")


def _memory(specs: dict[int, Path], model: Path) -> None:
    peaks = {}
    for count in (500, 10_000):
        command = [sys.executable, "-c", _PEAK, str(specs[count]), str(model)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        peaks[count] = [int(word) / 1024 for word in output.split()]
    for part, who in enumerate(("edgecheck", "largest worker")):
        less, more = peaks[500][part], peaks[10_000][part]
        print(
            f"  peak memory, {who}: {less:.1f} MiB at 500 samples, {more:.1f} MiB at 10,000 "
            f"({100 * (more / less - 1):+.1f} %)"
        )


if __name__ == "__main__":
    main()
