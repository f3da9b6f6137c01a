"""Each case folder, `<rule>/positive` or `<rule>/negative`, through the real command line.

`expected.json` says what must come out: `exit_code`, and for a positive case the `severity` of the
finding `rule`, its `role` and some exact facts of its `evidence`. `arguments` are added to the
command, which is `match` where there is a `dump`; without the packages that a case `needs` it is skipped.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
from command_line import edgecheck, environment
from double import NAME, build, has_compiler

from edgecheck.report.schema import match_schema, report_schema

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HERE.glob("*/*/expected.json"))
VALIDATE, MATCH = map(jsonschema.Draft202012Validator, (report_schema(), match_schema()))


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """The runs of all selected cases, two at a time: folder -> future of (run, report file)."""
    selected = [item for item in request.session.items if item.path == request.path]
    libraries = tmp_path_factory.mktemp("libraries")
    if has_compiler():
        build(libraries)
    with ThreadPoolExecutor(2) as pool:
        folders = [item.callspec.params["folder"] for item in selected]
        yield {
            f: pool.submit(_validate, f, tmp_path_factory.mktemp("case"), libraries)
            for f in folders
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(HERE).as_posix())
def test_case_ends_as_expected(folder, runs):
    expected = json.loads((folder / "expected.json").read_text())
    for package in expected.get("needs", ()):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    if any(NAME in argument for argument in expected["arguments"]) and not has_compiler():
        pytest.skip("no C compiler: gcc is not installed")
    run, file = runs[folder].result()
    assert run.returncode == expected["exit_code"], run.stdout + run.stderr
    report = json.loads(file.read_text())
    (MATCH if "dump" in expected else VALIDATE).validate(report)
    assert report["exit_code"] == expected["exit_code"]
    assert not [check for check in report.get("checks", ()) if check["status"] == "crashed"]
    found = [finding for finding in report["findings"] if finding["rule"] == expected["rule"]]
    if folder.name == "negative":
        assert not found
    else:
        _assert_is_meant(found, expected)


def _validate(folder, target, libraries):
    """The run of the command line in the folder of the case, as a user would start it there."""
    expected = json.loads((folder / "expected.json").read_text())
    report = target / "report.json"
    dump = [expected["dump"]] if "dump" in expected else []
    files = ["match" if dump else "validate", "spec.yaml", "model.tflite", *dump]
    outputs = ["--output", "text", "--output", f"json:{report}"]
    arguments = [*files, *outputs, *expected["arguments"]]
    env = None
    # A runtime that lies in the folder, and a delegate where loaders look, need a Python of their own.
    if list(folder.glob("*/__init__.py")) or any(NAME in each for each in arguments):
        env = environment(LD_LIBRARY_PATH=str(libraries))
    return edgecheck(*arguments, cwd=folder, env=env), report


def _assert_is_meant(found, expected):
    """The finding is there once, with what the case says about it, and in words."""
    assert len(found) == 1
    finding = found[0]
    assert finding["severity"] == expected["severity"]
    assert finding["role"] == expected.get("role", finding["role"])
    facts = expected.get("evidence", {})
    assert {name: finding["evidence"].get(name) for name in facts} == facts
    assert finding["fix"]
    assert "(empty)" not in finding["message"], "a fact is missing from the message"
