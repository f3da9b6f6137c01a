"""`edgecheck init`: write a first spec for a model."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from edgecheck.errors import EdgecheckError, SpecError
from edgecheck.first_spec.from_model import spec_facts
from edgecheck.first_spec.recipe import config_path, read_recipe
from edgecheck.first_spec.text import spec_text
from edgecheck.new_file import require_free, write_new
from edgecheck.spec.load import parse_spec
from edgecheck.tflite.reader import load_model


@dataclass(frozen=True)
class FirstSpec:
    """What was written."""

    path: Path
    guessed: int
    """Values that are marked as guessed."""
    open: int
    """Places that are marked TODO."""
    next_command: str


def init(
    model: Path,
    out: Path | None = None,
    source: str | None = None,
    task: str | None = None,
    *,
    force: bool = False,
) -> FirstSpec:
    """Write a first spec for a .tflite file.

    Args:
        model: the file; it is only read.
        out: where to; beside the model, under its name, when absent.
        source: a Hugging Face preprocessor_config.json, its folder, or the name of a preset.
        task: what the model is for; guessed when absent.
        force: replace a file at `out`.

    Raises:
        UsageError: the task cannot be guessed, `source` does not fit, or `out` is taken.
        InputMissing: no such model or config.
        ModelFileInvalid: `model` is no TensorFlow Lite file.
        UnusableError: the config or the model cannot be used.
        ReportUnwritable: `out` cannot be written.
    """
    path = model.with_suffix(".yaml") if out is None else out
    read = [model]
    config = None if source is None else config_path(source)
    if config is not None:
        read.append(config)
    data, graph = load_model(model)
    require_free(path, read, force=force)
    recipe = None if source is None else read_recipe(source)
    text = spec_text(spec_facts(data, graph, model.name, task, recipe))
    content = text.encode()
    _require_valid(content, path)
    write_new(path, content, force=force)
    return FirstSpec(
        path=path,
        guessed=text.count("# guessed: "),
        open=text.count("# TODO: "),
        next_command=f"edgecheck validate {_shown(path)} {_shown(model)}",
    )


def _require_valid(content: bytes, path: Path) -> None:
    """What is written is what `load_spec` accepts; anything else is a bug."""
    try:
        parse_spec(content, path)
    except SpecError as error:
        raise EdgecheckError(
            f"the spec that init made is not valid: {error.message}",
            hint="please report this with the model file; nothing was written",
        ) from None


def _shown(path: Path) -> str:
    return shlex.quote(str(path))
