"""Write `edgecheck/runtime/operators/*.json`: which operators each runtime release knows.

    python scripts/generate_operator_tables.py                     all families
    python scripts/generate_operator_tables.py --family litert     one of them

Nothing is read off a changelog. Each release is installed into a folder of its own, and small
models are put to its interpreter in a child process (`operator_probe.py`): one with one operator
code and no operator for every builtin and version, since TFLite looks all codes up when an
interpreter is made; one with one node for every custom operator, which is missed later, when
tensors are allocated. Needs pip, some 2 GB of disk at a time, and for old releases an old Python
(`python3.8`, `python3.9`, ... on the path or below ~/.pyenv); a release whose Python is missing
stops the script, before it has written anything.
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT)]

import tflite  # noqa: E402
from tflite_writer import GraphDef, OpDef, TensorDef, build_file  # noqa: E402

from edgecheck.runtime.operators.table import release_order  # noqa: E402
from edgecheck.tflite.reader import BUILTIN_NAMES  # noqa: E402

FOLDER = ROOT / "edgecheck" / "runtime" / "operators"
VERSIONS = range(1, 41)
BUILTINS = [n for n in range(220) if BUILTIN_NAMES.get(n) not in {"CUSTOM", "DELEGATE"}]
CUSTOM = (
    "AudioMicrofrontend", "AudioSpectrogram", "AvgPoolingWithArgmax2D", "CUSTOM_OP_STRING_TO_FLOATS",
    "Convolution2DTransposeBias", "DISPATCH_OP", "DUCC_FFT", "FlexErf", "IRFFT2D",
    "Landmarks2TransformMatrix", "MaxPoolingWithArgmax2D", "MaxUnpooling2D", "Mfcc", "Normalize",
    "NumericVerify", "PoolingWithArgmax2D", "PyFunc", "RFFT2D", "Resampler", "Sign",
    "SignalDelay", "SignalEnergy", "SignalFFTAutoScale", "SignalFilterBank",
    "SignalFilterBankLog", "SignalFilterBankSpectralSubtraction", "SignalFilterBankSquareRoot",
    "SignalFramer", "SignalIrfft", "SignalOverlapAdd", "SignalPCAN", "SignalRfft",
    "SignalStacker", "SignalWindow", "Table", "TFLite_Detection_PostProcess", "TfLiteRevdomain",
    "TransformLandmarks", "TransformTensorBilinear", "VendorOperator", "aeq.hadamard_rotation",
    "custom_call.GroupNorm", "edgetpu-custom-op", "ethos-u", "odml.rms_norm",
    "odml.scaled_dot_product_attention", "odml.update_kv_cache", "odml.update_external_kv_cache",
    "tftext:FastBertNormalize", "tftext:Ngrams", "tftext:RaggedTensorToTensor",
    "tftext:WhitespaceTokenizer", "vhlo.composite",
)  # fmt: skip
"""Names seen in files; those that no release knows are left out of the tables."""

_UNKNOWN_BUILTIN = ("Didn't find op for builtin opcode", "builtin_code out of range")
_UNKNOWN_CUSTOM = ("unresolved custom op", "Select TensorFlow op(s)", "from op code CUSTOM")

Ranges: TypeAlias = dict[str, str]
"""Operator -> the versions that are accepted, as "1-5,7"."""


@dataclass(frozen=True)
class Release:
    """One release to install and to ask."""

    family: str
    package: str
    version: str
    python: str
    """As "3.8"."""
    needs: tuple[str, ...] = ("numpy<2",)
    """Requirements beside its own: of wheels that do not state what they were built for."""
    stands_for: str = ""
    """The release of the family that no index serves, where another package of the same sources
    is asked in its place."""

    @property
    def listed(self) -> str:
        """The version under which the answers are listed."""
        return self.stands_for or self.version

    @property
    def kind(self) -> str:
        """How to ask it."""
        return "tensorflow" if self.package == "tensorflow-cpu" else self.family


@dataclass
class Answers:
    """What one release knows."""

    builtins: dict[str, set[int]] = field(default_factory=dict)
    custom: set[str] = field(default_factory=set)


def _releases() -> Iterator[Release]:
    old = ("numpy<2", "protobuf<3.21")
    for version, runtime in (("2.5.3", "2.5.0"), ("2.6.5", "2.6.0")):
        yield Release("tflite-runtime", "tensorflow-cpu", version, "3.8", old, runtime)
    for version in ("2.7.0", "2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.12.0", "2.13.0", "2.14.0"):
        yield Release("tflite-runtime", "tflite-runtime", version, "3.8")
    for version in ("1.0.0", "1.0.1"):
        yield Release("litert", "ai-edge-litert", version, "3.10")
    for version in ("1.1.0", "1.1.1", "1.1.2", "1.2.0", "1.3.0", "1.4.0", "2.0.2", "2.0.3", "2.1.0",
                    "2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6", "2.2.0",
                    "2.3.0"):  # fmt: skip
        yield Release("litert", "ai-edge-litert", version, "3.10", ())
    yield from _tensorflow()
    for version in ("0.dev20231115234459", "0.dev20241202181416", "0.dev20251201172741",
                    "0.dev20261002031052"):  # fmt: skip
        yield Release("tflm", "tflite-micro", version, "3.11")


def _tensorflow() -> Iterator[Release]:
    name = "tensorflow-cpu"
    # Up to 2.11 it asks for no particular protobuf, and breaks with newer ones.
    old = ("numpy<2", "protobuf<3.21")
    for version in ("2.4.4", "2.5.3", "2.6.5", "2.7.4"):
        yield Release("tensorflow", name, version, "3.8", old)
    for version in ("2.8.4", "2.9.3", "2.10.1", "2.11.1"):
        yield Release("tensorflow", name, version, "3.10", old)
    for version in ("2.12.1", "2.13.1", "2.14.1", "2.15.1", "2.16.2", "2.17.1"):
        yield Release("tensorflow", name, version, "3.10")
    for version in ("2.18.1", "2.19.1", "2.20.0", "2.21.0"):
        yield Release("tensorflow", name, version, "3.10", ())


_NOTES = {
    "tflite-runtime": "tflite-runtime of PyPI.",
    "litert": "ai-edge-litert of PyPI.",
    "tensorflow": "tf.lite.Interpreter of the tensorflow-cpu wheels.",
    "tflm": "All operators of the Python interpreter of TensorFlow Lite Micro. Firmware knows "
    "those that it registers itself. TFLM does not look at operator versions.",
}


def questions(family: str) -> list[tuple[str, str, str]]:
    """(key, stage, model in base64) of everything that a runtime is asked."""
    # TFLM looks at nodes only, and not at versions.
    node = family == "tflm"
    versions = [1] if node else VERSIONS
    asked = [
        (f"{number} {version}", "construct", _builtin_model(number, version, with_node=node))
        for number in BUILTINS
        for version in versions
    ]
    asked += [(name, "allocate", _custom_model(name)) for name in CUSTOM]
    return [(key, stage, base64.b64encode(model).decode()) for key, stage, model in asked]


def _builtin_model(number: int, version: int, *, with_node: bool) -> bytes:
    """A file whose only operator code is this builtin; with one node of it if TFLM is asked.

    The writer knows builtins by name; for one without a name ABS is written, and its code replaced.
    """
    tensors = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))]
    operator = OpDef(BUILTIN_NAMES.get(number, "ABS"), [0], [1], version=version)
    data = bytearray(build_file([GraphDef(tensors, [operator], [0], [1])]))
    if number not in BUILTIN_NAMES:
        _set_code(data, number)
    return bytes(data) if with_node else _without_node(data)


def _set_code(data: bytearray, number: int) -> None:
    """Overwrite the only operator code, which is ABS, in both of its fields."""
    code = tflite.Model.GetRootAs(data, 0).OperatorCodes(0)
    table = code._tab
    data[table.Pos + table.Offset(4)] = min(number, 127)
    place = table.Pos + table.Offset(10)
    data[place : place + 4] = number.to_bytes(4, "little")


def _without_node(data: bytearray) -> bytes:
    """The same file with no operator: the length of the vector of operators is set to 0."""
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    start = graph._tab.Vector(graph._tab.Offset(10)) - 4
    data[start : start + 4] = bytes(4)
    return bytes(data)


def _custom_model(name: str) -> bytes:
    tensors = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))]
    return build_file([GraphDef(tensors, [OpDef("", [0], [1], custom_code=name)], [0], [1])])


def ask(release: Release, folder: Path) -> Answers:
    """Install the release, put every question to it, and sort what it said."""
    python = _python(release.python)
    _install(python, [f"{release.package}=={release.version}", *release.needs], folder / "packages")
    answers = Answers()
    for key, said in _conversation(release, python, folder):
        _sort(release, key, said, answers)
    _require_plausible(release, answers)
    return answers


def _require_plausible(release: Release, answers: Answers) -> None:
    """Stop where a release knows hardly anything, or accepts whatever it is asked."""
    everything = [name for name, found in answers.builtins.items() if found == set(VERSIONS)]
    if len(answers.builtins) < 50 or everything or "VendorOperator" in answers.custom:
        about = f"{len(answers.builtins)} builtins, {everything}, {sorted(answers.custom)}"
        raise SystemExit(f"{release.package} {release.version} was not asked properly: {about}")


def _sort(release: Release, key: str, said: str, answers: Answers) -> None:
    if re.fullmatch(r"\d+ \d+", key):
        number, version = map(int, key.split())
        if any(words in said for words in _UNKNOWN_BUILTIN):
            return
        if said and release.family != "tflm":
            raise SystemExit(f"{release.package} {release.version} on builtin {key}: {said}")
        name = BUILTIN_NAMES.get(number, f"BUILTIN_{number}")
        answers.builtins.setdefault(name, set()).add(version)
    elif not any(words in said for words in _UNKNOWN_CUSTOM):
        # The Flex delegate is TensorFlow's: it comes with all of its operators or not at all.
        is_flex = key.startswith("Flex")
        if not (is_flex and release.stands_for):
            answers.custom.add("Flex*" if is_flex else key)


def _conversation(release: Release, python: str, folder: Path) -> Iterator[tuple[str, str]]:
    """(key, words) for every question; a death counts as an answer, and the rest is asked anew."""
    left = questions(release.family)
    asked, told = folder / "questions", folder / "answers"
    while left:
        asked.write_text("".join(json.dumps(item) + "\n" for item in left))
        told.write_text("")
        command = [python, str(ROOT / "scripts" / "operator_probe.py"), str(asked), str(told)]
        run = subprocess.run(
            [*command, release.kind],
            env={**os.environ, "PYTHONPATH": str(folder / "packages")},
            capture_output=True,
            text=True,
            check=False,
        )
        said = dict(json.loads(line) for line in told.read_text().splitlines())
        if run.returncode > 0 or not said:  # a signal is the runtime's, an exit status is ours
            raise SystemExit(f"{release.package} {release.version}: {run.stderr[-2000:]}")
        yield from ((key, words if words != "?" else "died") for key, words in said.items())
        left = [item for item in left if item[0] not in said]


def _python(version: str) -> str:
    found = shutil.which(f"python{version}")
    kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    if kept:
        return str(kept[-1])
    if found is None:
        raise SystemExit(f"no Python {version} for a release that needs it")
    return found


def _install(python: str, packages: list[str], folder: Path) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--prefer-binary"]
    run = subprocess.run([*command, "--target", str(folder), *packages], check=False,
                         capture_output=True, text=True)  # fmt: skip
    if run.returncode:
        raise SystemExit(f"cannot install {packages}: {run.stderr[-2000:]}")


def written(versions: set[int]) -> str:
    """{1, 2, 3, 5} -> "1-3,5"."""
    parts: list[list[int]] = []
    for version in sorted(versions):
        if parts and version == parts[-1][1] + 1:
            parts[-1][1] = version
        else:
            parts.append([version, version])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def table(family: str, known: dict[Release, Answers]) -> dict[str, Any]:
    """The content of one JSON file: an operator a line, a value where it changes."""
    ordered = sorted(known, key=lambda release: release_order(release.listed))
    builtins = {
        r.listed: {name: written(found) for name, found in known[r].builtins.items()}
        for r in ordered
    }
    if family == "tflm":
        builtins = {r: dict.fromkeys(found, "any") for r, found in builtins.items()}
    custom = {r.listed: dict.fromkeys(known[r].custom, "any") for r in ordered}
    return {
        "family": family,
        "about": _NOTES[family],
        "generated": datetime.now(timezone.utc).date().isoformat(),
        "releases": {r.listed: _provenance(r) for r in ordered},
        "builtins": _changes(builtins),
        "custom": _changes(custom),
    }


def _provenance(release: Release) -> dict[str, str]:
    asked = f"{release.package} {release.version}"
    derived = {"derived_from": asked} if release.stands_for else {"package": asked}
    return {**derived, "python": release.python}


def _changes(by_release: dict[str, Ranges]) -> dict[str, dict[str, str]]:
    """Operator -> {release: versions accepted from then on}; "" where it is gone again."""
    names = sorted({name for found in by_release.values() for name in found})
    changes: dict[str, dict[str, str]] = {name: {} for name in names}
    for release, found in by_release.items():
        for name in names:
            now, before = found.get(name, ""), list(changes[name].values())
            if now != (before[-1] if before else ""):
                changes[name][release] = now
    return changes


def save(content: dict[str, Any]) -> None:
    """Write one file, a line per release and operator."""
    parts = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            parts.append(f" {json.dumps(key)}: {{\n{lines}\n }}")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    (FOLDER / f"{content['family'].replace('-', '_')}.json").write_text(text)


def gather(family: str) -> dict[Release, Answers]:
    """Ask every release of a family, two at a time."""
    wanted = [release for release in _releases() if release.family == family]
    for release in wanted:
        _python(release.python)

    def one(release: Release) -> Answers:
        with tempfile.TemporaryDirectory() as folder:
            answers = ask(release, Path(folder))
        print(f"{release.package} {release.version}: {len(answers.builtins)} builtins, "
              f"custom {', '.join(sorted(answers.custom)) or 'none'}", flush=True)  # fmt: skip
        return answers

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(wanted, pool.map(one, wanted), strict=True))


def main() -> None:
    """Generate the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=list(_NOTES), action="append")
    for family in parser.parse_args().family or list(_NOTES):
        save(table(family, gather(family)))


if __name__ == "__main__":
    main()
