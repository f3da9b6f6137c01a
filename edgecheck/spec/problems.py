"""Pydantic's errors as problems of the file: plain words, and the place in the YAML."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edgecheck.errors import SpecProblem
from edgecheck.spec.base import ONE, SINGLE, TEXT_PATTERN, Misfit
from edgecheck.spec.document import Document, DocumentPath, written
from edgecheck.spec.model import RUNTIME_PATTERN, Spec
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.steps import key_of
from edgecheck.spec.wording import did_you_mean, found, quoted

_EXPECTED: Mapping[str, str] = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than_equal": "at most {le}",
    "model_type": "a mapping of keys to values",
    "string_type": "text",
    "tuple_type": "a list",
    "too_short": "at least {min_length}",
    "too_long": "exactly {max_length}",
}
"""Pydantic's error type -> what was expected."""

_PATTERNS: Mapping[str, str] = {
    TEXT_PATTERN: "text that is not blank",
    RUNTIME_PATTERN: "litert, tflite-runtime, tensorflow or tflm, alone or as tflite-runtime==2.14.0",
}


def problems_of(
    error: ValidationError, document: Document, root: type[BaseModel] = Spec
) -> list[SpecProblem]:
    """Every error as a problem, but for values that the document has already refused.

    Args:
        error: of validating the document as a `root`.
        document: the file.
        root: the class of the whole document.
    """
    taken = {(problem.line, problem.column) for problem in document.problems}
    problems: dict[tuple[int, int, str], SpecProblem] = {}
    for details in error.errors(include_url=False):
        problem = _problem(details, document, root)
        is_refused = details["input"] is None and (problem.line, problem.column) in taken
        if not is_refused:
            problems.setdefault((problem.line, problem.column, problem.message), problem)
    return list(problems.values())


def _problem(error: ErrorDetails, document: Document, root: type[BaseModel]) -> SpecProblem:
    path = document.nearest(_location(error))
    place = (document.keys if _is_about_key(error) else document.values)[path]
    if error["type"] == "extra_forbidden":
        message = _unknown_key(error, root)
    else:
        message = _WORDS.get(error["type"], _expected)(error)
    return SpecProblem(place.line, place.column, written(path), message)


def _is_about_key(error: ErrorDetails) -> bool:
    """Whether to point at the key, instead of at its value."""
    if error["type"] == "missing":
        return isinstance(error["loc"][-1], str)
    return error["type"] in {"extra_forbidden", "union_tag_invalid"}


def _location(error: ErrorDetails) -> DocumentPath:
    """Where the error is, with the places that pydantic's own locations stop short of."""
    path = error["loc"]
    reason = error.get("ctx", {}).get("error")
    if isinstance(reason, Misfit):
        return (*path, *reason.where)
    if error["type"] == "union_tag_invalid" and isinstance(error["input"], dict):
        return (*path, *error["input"])
    return path


def _expected(error: ErrorDetails) -> str:
    """`found X, expected Y`, for every error about one value."""
    value = error["input"]
    words = _EXPECTED.get(error["type"], "another value").format(**error.get("ctx", {}))
    return f"found {found(value)}, expected {words}{_alternative(error)}{_quotes(error)}"


def _alternative(error: ErrorDetails) -> str:
    form = error["loc"][-1] if error["loc"] else None
    more = {ONE: ", or a list of them", SINGLE: ", or one for each input"}
    return more.get(form, "") if isinstance(form, str) else ""


def _quotes(error: ErrorDetails) -> str:
    """What to do about a number in quotes, or a text that reads as something else."""
    value = error["input"]
    if error["type"] == "string_type" and isinstance(value, (bool, int, float)):
        return "; put it in quotes"
    if error["type"] in {"int_type", "float_type"} and isinstance(value, str):
        is_number = re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", value)
        return "; remove the quotes" if is_number else ""
    return ""


def _wrong_choice(error: ErrorDetails) -> str:
    choices = _choices(error["ctx"]["expected"])
    among = "one of " if len(choices) > 1 else ""
    suggestion = did_you_mean(error["input"], choices)
    if error["loc"][-2:] == ("decode", "color") and error["input"] == "BGR":
        suggestion = "; decode to RGB, and add the step `channel-order: BGR` behind it"
    return f"found {found(error['input'])}, expected {among}{', '.join(choices)}{suggestion}"


def _choices(words: str) -> list[str]:
    """The names in pydantic's `'a', 'b' or 'c'`, or the numbers in its `8 or 16`."""
    return [choice.strip("'") for choice in re.split(r", | or ", words)]


def _unknown_key(error: ErrorDetails, root: type[BaseModel]) -> str:
    *parents, key = error["loc"]
    allowed = _fields_at(tuple(parents), root)
    hint = f" (allowed: {', '.join(allowed)})" if allowed else "; nothing can be set here"
    return f"unknown key {quoted(str(key))}{did_you_mean(key, allowed)}{hint}"


def _unknown_step(error: ErrorDetails) -> str:
    allowed = _choices(error["ctx"]["expected_tags"])
    name = key_of(error["input"]) or ""
    suggestion = did_you_mean(name, allowed)
    return f"unknown step {quoted(name)}{suggestion} (allowed: {', '.join(allowed)})"


def _not_a_step(error: ErrorDetails) -> str:
    value = error["input"]
    what = f"a mapping with {len(value)} keys" if isinstance(value, dict) else found(value)
    return f"found {what}, expected a step: its name, or a mapping with the name as its only key"


def _missing(error: ErrorDetails) -> str:
    """A missing key, or too few items in one of the lists of fixed length, which are all pairs."""
    key = error["loc"][-1]
    if isinstance(key, int):
        return f"found {found(error['input'])}, expected exactly 2"
    return f"missing key '{key}'"


def _own_words(error: ErrorDetails) -> str:
    return str(error["ctx"]["error"])


def _wrong_pattern(error: ErrorDetails) -> str:
    return f"found {found(error['input'])}, expected {_PATTERNS[error['ctx']['pattern']]}"


_WORDS: Mapping[str, Callable[[ErrorDetails], str]] = {
    "literal_error": _wrong_choice,
    "missing": _missing,
    "string_pattern_mismatch": _wrong_pattern,
    "union_tag_invalid": _unknown_step,
    "union_tag_not_found": _not_a_step,
    "value_error": _own_words,
}

_Annotation: TypeAlias = Any


def _fields_at(path: DocumentPath, root: type[BaseModel]) -> list[str]:
    """The keys that may stand at a location that pydantic reports."""
    annotation: _Annotation = root
    for part in path:
        annotation = _below(annotation, part)
    part_class = _part_class(annotation)
    return list(part_class.model_fields) if part_class else []


def _below(annotation: _Annotation, part: str | int) -> _Annotation:
    """The type of what is found under one key, index or step name; None when there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if issubclass(annotation, StepPart):
            return annotation if part == annotation.key else None
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    origin: object = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is dict:
        return arguments[1]
    if origin is tuple:
        return arguments[0]
    return next((below for a in arguments if (below := _below(a, part)) is not None), None)


def _part_class(annotation: _Annotation) -> type[BaseModel] | None:
    """The class in an annotation such as `TargetSpec | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((c for a in get_args(annotation) if (c := _part_class(a))), None)
