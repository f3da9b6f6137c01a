"""Steps out of plain values, and back."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edgecheck.errors import UnusableError
from edgecheck.first_spec.facts import Fact, StepFact
from edgecheck.first_spec.json_config import JsonConfig
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


def stated_step(
    config: JsonConfig, key: str, settings: object, keys: Sequence[str], needed: Sequence[str] = ()
) -> StepFact:
    """`checked_step`, with what of the config it comes from; guessed where that leaves much open.

    Args:
        config: the file.
        key: of the step.
        settings: of the step.
        keys: what was read, where the file has it.
        needed: what is a default of Hugging Face's classes where the file leaves it out.

    Raises:
        UnusableError: it gives values that no such step has.
    """
    step = checked_step(config.name, key, settings)
    stated = ", ".join(each for each in keys if config.has(each))
    absent = ", ".join(each for each in needed if not config.has(each))
    cited = f"{stated} of {config.name}" if stated else ""
    if not absent:
        return Fact(step, cited)
    why = f"default of {absent}, which {config.name} leaves out"
    return Fact(step, f"{why}; {cited}" if cited else why, "guessed")


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
