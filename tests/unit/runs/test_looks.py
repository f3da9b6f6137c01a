"""Closer looks follow each other, and each knows what the ones before saw."""

from dataclasses import replace

import pytest
from evidence import evidence

from edgecheck.errors import DatasetUnreadable, UnusableError
from edgecheck.runs import looks
from edgecheck.validation import Options, new_draft


def noting(name, seen):
    """A look that adds a name to what is known."""

    def look(_draft, known, _setup, _progress):
        seen.append(known.label_names)
        return replace(known, label_names=(*known.label_names, name))

    return look


def test_each_look_gets_what_the_ones_before_it_saw(monkeypatch):
    seen, draft = [], new_draft(Options())
    monkeypatch.setattr(looks, "LOOKS", {"a": noting("a", seen), "b": noting("b", seen)})
    found = looks.look_closer(draft, replace(evidence(), label_names=()), None, None)
    assert seen == [(), ("a",)]
    assert found.label_names == ("a", "b")


def test_what_was_seen_stays_where_a_later_look_ends_the_run(monkeypatch):
    def gone(*_):
        raise DatasetUnreadable("rows.npy is gone", hint="bring it back")

    draft = new_draft(Options())
    monkeypatch.setattr(looks, "LOOKS", {"a": noting("a", []), "b": gone})
    with pytest.raises(DatasetUnreadable):
        looks.look_closer(draft, replace(evidence(), label_names=()), None, None)
    assert draft.evidence.label_names == ("a",)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UnusableError("no runtime"), "skipped", "no runtime"),
        (OSError(28, "No space left on device"), "skipped", "No space left"),
        (KeyError("a bug"), "crashed", "KeyError: 'a bug' (test_looks.py:"),
    ],
)
def test_a_look_that_fails_costs_its_own_outcome_only(error, status, said, monkeypatch):
    def fails(known, *_):
        known.conclude("broken", "passed")
        raise error

    draft = new_draft(Options())
    monkeypatch.setattr(looks, "LOOKS", {"broken": fails, "a": noting("a", [])})
    found = looks.look_closer(draft, replace(evidence(), label_names=()), None, None)
    assert found.label_names == draft.evidence.label_names == ("a",)
    (outcome,) = draft.checks
    assert (outcome.name, outcome.status) == ("broken", status)
    assert said in outcome.reason


def test_an_interrupt_ends_the_run(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(looks, "LOOKS", {"a": interrupted})
    with pytest.raises(KeyboardInterrupt):
        looks.look_closer(new_draft(Options()), evidence(), None, None)


def test_without_a_pass_nothing_is_added():
    known = evidence()
    assert looks.with_pass(new_draft(Options()), known) is known
