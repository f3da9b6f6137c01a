"""Packages that convert: absent, broken, or there."""

import sys

import pytest

from edgecheck.conversion.complaints import translated
from edgecheck.conversion.unconvertible import PackageBroken, require_package
from edgecheck.errors import RuntimeMissing


@pytest.fixture
def package(tmp_path, monkeypatch):
    def made(code):
        (tmp_path / "some_converter.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        return "some_converter"

    yield made
    sys.modules.pop("some_converter", None)


def test_a_package_that_works_is_imported(package):
    require_package(package("x = 1"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ImportError('libcudart.so.12: no such file')", "ImportError: libcudart"),
        ("raise OSError('first\\nlast line')", "OSError: last line"),
        ("raise TypeError", "TypeError: nothing more is said"),
        ("import some_converter.part", "ModuleNotFoundError: "),
    ],
)
def test_an_import_that_fails_is_the_environments_fault(package, code, words):
    name = package(code)
    with pytest.raises(PackageBroken, match=f"{name}: .*{words}"):
        require_package(name)


def test_a_package_that_is_not_there_is_said_to_be_missing(package):
    with pytest.raises(ModuleNotFoundError, match="that_nobody_has"):
        require_package("a_package_that_nobody_has")
    with pytest.raises(ModuleNotFoundError, match="that_it_needs"):
        require_package(package("import a_package_that_it_needs"))


def test_a_broken_package_is_no_failed_conversion():
    words = (
        "edgecheck.conversion.unconvertible.PackageBroken: ai_edge_quantizer: ImportError: "
        "libcudart.so.12: cannot open shared object file"
    )
    with pytest.raises(RuntimeMissing, match="libcudart") as found:
        translated(words, "full-integer")
    assert found.value.exit_code == 3
    assert "pip install --force-reinstall ai-edge-quantizer" in found.value.hint
