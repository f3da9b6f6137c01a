import io
import json

from edgecheck.runtime.worker import serve


def _answers(*lines):
    output = io.StringIO()
    serve(io.StringIO("".join(line + "\n" for line in lines)), output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_every_request_has_one_answer_and_a_bad_one_ends_nothing():
    found = _answers("{", '{"do": "run", "page": 0, "rows": 1}', "{}")
    assert [set(answer) for answer in found] == [{"fault"}] * 3
    assert "JSONDecodeError" in found[0]["fault"]
    assert "run before load and attach" in found[1]["fault"]


def test_a_fault_never_grows_beyond_a_page(monkeypatch):
    def raising(*_):
        raise RuntimeError("x" * 10**7)

    monkeypatch.setattr("edgecheck.runtime.worker.Worker.answer", raising)
    (answer,) = _answers("{}")
    assert answer["fault"].startswith("RuntimeError: xxx")
    assert len(answer["fault"]) <= 4000


def test_an_exception_that_cannot_even_be_printed_is_a_fault(monkeypatch):
    class Unprintable(Exception):
        def __str__(self):
            raise ValueError("no words")

    def raising(*_):
        raise Unprintable

    monkeypatch.setattr("edgecheck.runtime.worker.Worker.answer", raising)
    (answer,) = _answers("{}")
    assert "Unprintable" in answer["fault"]
