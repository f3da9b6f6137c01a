"""The YAML text of a first spec."""

from collections.abc import Iterator, Sequence

from edgecheck.first_spec.facts import Fact, InputFacts, SpecFacts, StepFact
from edgecheck.first_spec.steps import written
from edgecheck.first_spec.yaml_text import Value, commented, comments, flow, key, text

_REFERENCE = Fact(
    "model_float.tflite",
    "the trained model; without it a quantized file is compared with its own dequantized twin",
    "unknown",
)
_DATASETS = {
    "image": ("images/**/*.png", "labels.csv", "labels.csv has the columns filename and label"),
    "audio": ("sounds/**/*.wav", "folders", "each folder holds the clips of one class"),
    "array": ("data.npz", "y", "`arrays: {INPUT: KEY}` where keys of the .npz have other names"),
}
"""Kind of the first input -> path, labels and what to say about them."""


def spec_text(facts: SpecFacts) -> str:
    """A spec that `load_spec` accepts, with a comment on where each value comes from."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: SpecFacts) -> Iterator[str]:
    yield from comments(
        f"How training fed {text(facts.model)[:120]}; a first spec, written by `edgecheck init`."
    )
    yield from comments(
        'Check what is marked "guessed" and settle each "TODO" against the code of the training: '
        "verdicts are only as right as this file. Paths start at this file."
    )
    yield "version: 1"
    yield ""
    yield from _model(facts)
    yield ""
    yield "inputs:"
    for entry in facts.inputs:
        yield from _input(entry)
    yield ""
    for remark in facts.remarks:
        yield from comments(f"TODO: {remark}")
    yield from _dataset(facts)


def _model(facts: SpecFacts) -> Iterator[str]:
    yield "model:"
    yield from _entry(2, "task", facts.task)
    yield from _entry(2, "reference", _REFERENCE)
    if facts.labels is not None:
        yield from _labels(facts.labels)
    yield from _entry(2, "quantization", facts.quantization)


def _labels(labels: Fact[tuple[str, ...]]) -> Iterator[str]:
    if labels.certainty == "unknown":
        yield from _entry(2, "labels", Fact(labels.value[0], labels.why, "unknown"))
        return
    yield from commented("  labels:", labels.comment)
    for name in labels.value:
        yield f"    - {text(name)}"


def _input(facts: InputFacts) -> Iterator[str]:
    yield from commented(key(facts.name.value, 2), facts.name.comment)
    for name in ("kind", "shape", "layout", "sample_rate", "range"):
        yield from _entry(4, name, getattr(facts, name))
    for remark in facts.remarks:
        yield from comments(f"TODO: {remark}", 4)
    yield from _steps(facts.steps)


def _steps(steps: Sequence[StepFact]) -> Iterator[str]:
    if not steps:
        return
    is_example = all(step.certainty == "unknown" for step in steps)
    yield from commented("    steps:", "", is_example=is_example)
    for step in steps:
        yield from commented(
            f"      - {_step(written(step.value))}",
            step.comment,
            is_example=step.certainty == "unknown",
        )


def _step(value: Value) -> str:
    """`resize: {...}` in block style, or the bare name."""
    if isinstance(value, dict):
        return ", ".join(f"{text(name)}: {flow(settings)}" for name, settings in value.items())
    return flow(value)


def _entry(indent: int, name: str, fact: Fact[Value] | None) -> Iterator[str]:
    if fact is not None:
        line = f"{' ' * indent}{name}: {flow(fact.value)}"
        yield from commented(line, fact.comment, is_example=fact.certainty == "unknown")


def _dataset(facts: SpecFacts) -> Iterator[str]:
    path, labels, hint = _DATASETS[facts.inputs[0].kind.value]
    yield from comments(
        "TODO: representative samples; without them only the file and this spec are checked, and "
        f"nothing is proven. {hint}."
    )
    for line in ("dataset:", f"  path: {flow(path)}", f"  labels: {labels}", "  limit: 500"):
        yield f"# {line}"
