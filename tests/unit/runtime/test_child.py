"""The child's side of a conversation: answers and noise part ways."""

import subprocess
import sys

import pytest

CHILD = """
import os, sys
sys.path[:] = sys.argv[2:]
from edgecheck.runtime.child import answers
with answers() as stream:
    print("noise")
    os.system("echo more noise")
    stream.write("answer\\n")
    exec(sys.argv[1])
print("never")
"""


@pytest.mark.parametrize(
    ("code", "status", "last"),
    [("pass", 0, ""), ("raise ValueError('torn')", 1, "ValueError: torn\n")],
)
def test_answers_are_alone_on_stdout_and_the_process_ends_with_them(code, status, last):
    found = subprocess.run(
        [sys.executable, "-c", CHILD, code, *filter(None, sys.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (status, "answer\n")
    assert {"noise", "more noise"} <= set(found.stderr.splitlines())
    assert found.stderr.endswith(last)
    assert "never" not in found.stderr
