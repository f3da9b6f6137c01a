"""The main job: spec and model in, report out.

Plan, run, judge. Whatever stops it on the way, the report says so and holds what was found until
then: errors become `report.error`, misbehaviour of the model becomes findings.
"""

import contextlib
import platform
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Any

from edgecheck import __version__
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.table import CHECKS, Check
from edgecheck.compare.binding import bind_inputs
from edgecheck.compare.experiment import Setup
from edgecheck.compare.stream import Progress, silent
from edgecheck.errors import (
    DatasetUnreadable,
    EdgecheckError,
    ModelFileInvalid,
    UnusableError,
    UsageError,
    as_edgecheck_error,
)
from edgecheck.findings import Finding, Report, Subject
from edgecheck.rules.catalogue import rule_named
from edgecheck.rules.file import model_file_invalid
from edgecheck.runs.baselines import compare_weights, is_trained_model
from edgecheck.runs.checking import run_check
from edgecheck.runs.draft import Draft, Options, finished
from edgecheck.runs.experiments import prove
from edgecheck.runs.guard import guarded
from edgecheck.runs.looks import look_closer, with_pass
from edgecheck.runs.models import run
from edgecheck.runs.regression import concluded, read_baseline
from edgecheck.runs.what_if import imagine_mistakes
from edgecheck.runtime.target import Target, target_of
from edgecheck.samples.class_names import read_class_names
from edgecheck.samples.find import SUFFIXES, find_files
from edgecheck.samples.remote import is_url
from edgecheck.spec.load import LoadedSpec, load_spec
from edgecheck.spec.model import Spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.graph import Contract, Model
from edgecheck.tflite.reader import load_model

__all__ = ["Options", "broken_report", "validate"]


def validate(
    spec: Path | str,
    model: Path | str,
    options: Options | None = None,
    progress: Progress = silent,
) -> Report:
    """Validate a .tflite file against the spec that training wrote.

    A bad spec, model, dataset or environment raises nothing: the report's `error`, `verdict` and
    `exit_code` say what happened.

    Args:
        spec: path of the YAML file.
        model: path of the candidate.
        options: defaults to `Options()`.
        progress: told (samples done, samples in all), or (done, in all, what is tried).
    """
    draft = new_draft(options or Options())
    with contextlib.closing(draft.kept):
        return examine(draft, Path(spec), Path(model), progress)


def new_draft(options: Options) -> Draft:
    """The draft of a validation that has not begun; close its `kept` in the end."""
    return Draft(options, _environment())


def examine(draft: Draft, spec: Path, model: Path, progress: Progress) -> Report:
    """As `validate`, for callers that need what the run leaves in the draft besides the report."""
    try:
        _fill(draft, spec, model, progress)
    except EdgecheckError as error:
        draft.stop(error)
    except OSError as error:  # a disk that fills up, a folder that goes away
        draft.stop(UnusableError(str(error), hint="make the file or folder usable and try again"))
    if draft.spec is not None:
        _skip_rest(draft)
    return concluded(draft)


def inputs_of(spec: Path, model: Path, reference: str | None) -> tuple[Path, ...]:
    """The files that a run would read, as far as the spec can be read and its samples listed."""
    paths = [spec, model] + ([] if reference is None else [Path(reference)])
    with contextlib.suppress(EdgecheckError, OSError, ValueError):
        loaded = load_spec(spec)
        paths += [loaded.resolve(name) for name in _named_in(loaded.spec)]
        paths += _samples_of(loaded)
    return tuple(paths)


def _samples_of(loaded: LoadedSpec) -> Iterator[Path]:
    """The files that folders and patterns of the dataset stand for."""
    dataset = loaded.spec.dataset
    if dataset is None:
        return
    for name, entry in loaded.spec.inputs.items():
        path = dataset.path if isinstance(dataset.path, str) else dataset.path.get(name)
        if path is None or entry.kind not in SUFFIXES or is_url(path):
            continue
        with contextlib.suppress(EdgecheckError, OSError, ValueError):
            is_deep = dataset.labels is not None
            base = loaded.source.parent
            found = find_files(path, base, entry.kind, in_class_folders=is_deep)
            yield from (found.folder / sample for sample in found.ids)


def _named_in(spec: Spec) -> Iterator[str]:
    """What may be the name of a file in a spec."""
    labels, dataset = spec.model.labels, spec.dataset
    parts = [spec.model.reference, labels if isinstance(labels, str) else None]
    parts += [None if spec.target is None else spec.target.device]
    for part in [*parts, *(() if dataset is None else (dataset.path, dataset.labels))]:
        if isinstance(part, str):
            yield part
        elif part is not None:
            yield from part.values() if isinstance(part, dict) else part


def broken_report(options: Options, error: Exception) -> Report:
    """The report of a run that an error of ours, or a bug in edgecheck, ended."""
    draft = new_draft(options)
    draft.stop(as_edgecheck_error(error))
    return finished(draft)


def _skip_rest(draft: Draft) -> None:
    """Give every planned check that nobody came to an outcome: it was skipped."""
    planned = ["model-file"] if draft.options.static else ["model-file", "model-runs"]
    planned += [check.name for check in _planned(draft)]
    concluded = {outcome.name for outcome in draft.checks}
    for name in planned:
        if name not in concluded:
            draft.conclude(name, "skipped", draft.why_not_run)


def _planned(draft: Draft) -> list[Check]:
    model = None if draft.evidence is None else draft.evidence.model
    return [
        check
        for check in CHECKS
        if (check.is_static or not draft.options.static)
        and (draft.spec is None or check.is_asked(draft.spec.spec, model))
        and (check.needs is None or getattr(draft.evidence, check.needs, None) is not None)
    ]


def _fill(draft: Draft, spec_path: Path, model_path: Path, progress: Progress) -> None:
    read_baseline(draft)
    evidence = given(draft, spec_path, model_path)
    setup = None
    try:
        if not draft.options.static:
            setup = run(draft, evidence, model_path, progress)
    except EdgecheckError as error:
        draft.stop(error)
    evidence = with_pass(draft, evidence)
    if setup is not None and draft.observation is not None:
        evidence = _looked(draft, evidence, setup, progress)
    evidence = replace(evidence, weights=compare_weights(draft, evidence))
    draft.evidence, draft.setup = evidence, setup
    for check in _planned(draft):
        run_check(draft, check, evidence)
    if setup is not None:
        with guarded(draft, "experiments"):
            prove(draft, evidence, setup, progress)
        with guarded(draft, "what-if"):
            draft.what_if = imagine_mistakes(draft, evidence, setup, progress)


def _looked(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> Evidence:
    """The evidence after the closer looks; where samples are gone, the checks judge what was seen."""
    try:
        return look_closer(draft, evidence, setup, progress)
    except DatasetUnreadable as error:
        draft.stop(error)
        return draft.evidence or evidence


def given(draft: Draft, spec_path: Path, model_path: Path) -> Evidence:
    """What spec and file say, before anything runs; the draft is told.

    Raises:
        UsageError: the spec is wrong, or names what the model does not have.
        UnusableError: spec or model cannot be read.
    """
    draft.spec = load_spec(spec_path)
    draft.environment["spec"] = {"path": str(spec_path), "sha256": draft.spec.sha256}
    spec = draft.spec.spec
    data, model = _read_model(draft, model_path)
    contract = contract_of(model, spec.signature)
    _require_known_names(draft.spec, contract)
    target = _target(draft.spec, draft.options.target)
    return Evidence(
        spec=spec,
        label_names=read_class_names(spec.model.labels, draft.spec.source.parent),
        model=model,
        contract=contract,
        bound=bind_inputs(list(spec.inputs), contract),
        data=data,
        target=target,
    )


def _target(loaded: LoadedSpec, device: str | None) -> Target | None:
    """What the spec or the command line says that the model will run on."""
    try:
        return target_of(loaded.spec.target, device, loaded.source.parent)
    except UsageError as error:
        if device is None and type(error) is UsageError:
            where = loaded.position(("target", "device"))
            raise UsageError(f"{where}: {error.message}", hint=error.hint) from None
        raise


def _require_known_names(loaded: LoadedSpec, contract: Contract) -> None:
    """Rules and outputs that the spec names exist: a misspelt one would silently do nothing."""
    for index, entry in enumerate(loaded.spec.ignore):
        try:
            rule_named(entry.rule)
        except UsageError as error:
            where = loaded.position(("ignore", index, "rule"))
            raise UsageError(f"{where}: {error.message}", hint=error.hint) from None
    known = [port.name for port in contract.outputs]
    for name in loaded.spec.outputs:
        if name not in known:
            where = loaded.position(("outputs", name))
            raise UsageError(
                f"{where}: the model has no output {name!r}",
                hint=f"its outputs are {', '.join(map(repr, known[:20]))}",
            )


def _read_model(draft: Draft, path: Path) -> tuple[bytes, Model]:
    if is_trained_model(path):
        raise UsageError(
            f"{path.name} is a trained model, not a .tflite file",
            hint="run `edgecheck convert` first, then validate the result; this file can be its "
            "`model.reference`",
        )
    draft.environment["model"] = {"path": str(path)}
    start = perf_counter()
    try:
        data, model = load_model(path)
    except ModelFileInvalid as error:
        rule = model_file_invalid.ModelFileInvalid(found=error.found, hint=error.hint)
        found = Finding.of(rule, Subject("model", path.name))
        draft.findings.append(found)
        draft.conclude("model-file", "failed", error.message, start, [found])
        raise
    draft.environment["model"] |= {"sha256": model.sha256, "size_bytes": model.size_bytes}
    draft.conclude("model-file", "passed", "", start)
    return data, model


def _environment() -> dict[str, Any]:
    """What ran, where and when."""
    return {
        "edgecheck": __version__,
        "python": platform.python_version(),
        "host": platform.platform(),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
