"""Why a repair is declined where the model was not run."""

from dataclasses import replace

import pytest
from reports import failing, finding

from edgecheck.diagnosis.ranking import ranked
from edgecheck.repair.repairable import Declined, prepared
from edgecheck.repair_report import RepairReport
from edgecheck.report.text_repair import render
from edgecheck.runs.draft import Options
from edgecheck.validation import new_draft


def unrun(*findings):
    return replace(failing(), findings=findings, causes=ranked(findings).causes, exit_code=1)


def flat(report):
    return " ".join(render(report).split())


def declined(before):
    draft = new_draft(Options())
    draft.why_not_run = "the model did not run"
    with pytest.raises(Declined) as caught:
        prepared(draft, before)
    return str(caught.value)


def test_a_file_that_is_refused_is_declined_with_the_fault_in_it_first():
    refused = finding("load-failed", role="cause", message="litert refuses to load the model.")
    fault = finding("quant-scale-degenerate", role="cause", message="a tensor has the scale 0.")
    before = unrun(refused, fault)
    reason = declined(before)
    assert reason == "the model does not run: quant-scale-degenerate: a tensor has the scale 0."
    text = flat(RepairReport(written=None, reason=reason, exit_code=1, before=before))
    assert text.count("not run") == text.count(fault.message) == text.count(refused.message) == 1
    assert text.index("quant-scale-degenerate") < text.index("load-failed")


def test_what_was_missing_is_the_reason_where_nothing_was_refused():
    before = unrun(finding("unused-ignore", "warning", "note"))
    assert declined(before) == "the model was not run: the model did not run"
