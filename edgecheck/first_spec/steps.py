"""Steps out of plain values, and back."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from edgecheck.errors import UnusableError
from edgecheck.first_spec.facts import Fact, StepFact
from edgecheck.first_spec.yaml_text import Value
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.steps import Step

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Step)


def checked_step(source: str, key: str, settings: object) -> StepPart:
    """The step `- key: settings`.

    Raises:
        UnusableError: `source` gives it values that no such step has.
    """
    frozen = _frozen(settings)
    try:
        step: StepPart = _ADAPTER.validate_python({key: frozen})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UnusableError(
            f"{source} asks for a `{key}` that cannot be: {first['msg']}",
            hint="correct the file, or start without --from",
        ) from None
    return step


def stated_step(source: str, key: str, settings: object, setting: str) -> StepFact:
    """`checked_step`, with the setting of `source` that it comes from."""
    return Fact(checked_step(source, key, settings), f"{setting} of {source}")


def written(step: StepPart) -> Value:
    """A step as it is written in YAML: with what was set, without the defaults."""
    values = step.model_dump(exclude_unset=True)
    if step.direct:
        return {step.key: _listed(values[step.direct])}
    return {step.key: _listed(values)} if values else step.key


def _frozen(value: object) -> object:
    """Lists as tuples, as the strict models take them."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _listed(value: Value) -> Value:
    return list(value) if isinstance(value, tuple) else value
