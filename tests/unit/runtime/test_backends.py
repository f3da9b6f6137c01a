from dataclasses import replace

import pytest
from fake_runtime import write_fake

from edgecheck.runtime.backends import (
    BACKENDS,
    installed_version,
    is_installed,
    open_interpreter,
)


def _backend(package):
    return replace(
        BACKENDS["litert"],
        package=package,
        module=f"{package}.interpreter",
        distributions=("no-such-distribution",),
    )


def test_the_order_of_preference_is_litert_tflite_runtime_tensorflow():
    assert list(BACKENDS) == ["litert", "tflite-runtime", "tensorflow"]
    assert all(name == backend.name for name, backend in BACKENDS.items())


def test_a_package_that_cannot_be_found_is_not_installed():
    assert not is_installed(_backend("no_such_package_anywhere"))


def test_a_package_that_can_be_found_is_installed_and_not_imported(tmp_path, monkeypatch):
    (tmp_path / "explosive_runtime").mkdir()
    (tmp_path / "explosive_runtime" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.syspath_prepend(tmp_path)
    assert is_installed(_backend("explosive_runtime"))


def test_the_version_of_an_unknown_distribution_is_unknown():
    assert installed_version(_backend("no_such_package_anywhere")) == "unknown"


def test_an_interpreter_gets_only_the_arguments_that_it_knows(tmp_path, monkeypatch):
    write_fake(tmp_path)
    (tmp_path / "ai_edge_litert").rename(tmp_path / "fake_litert_of_tests")
    monkeypatch.syspath_prepend(tmp_path)
    backend = _backend("fake_litert_of_tests")
    interpreter = open_interpreter(backend, model_path="m.tflite", no_such_argument=1)
    assert not interpreter.is_probe
    with pytest.raises(ModuleNotFoundError):
        open_interpreter(_backend("no_such_package_anywhere"), model_path="m.tflite")


def test_a_runtime_that_cannot_keep_inner_tensors_refuses_to(tmp_path, monkeypatch):
    write_fake(tmp_path)
    (tmp_path / "ai_edge_litert").rename(tmp_path / "forgetful_litert_of_tests")
    monkeypatch.syspath_prepend(tmp_path)
    backend = _backend("forgetful_litert_of_tests")
    with pytest.raises(TypeError, match="experimental_preserve_all_tensors"):
        open_interpreter(backend, preserves=True, model_path="m.tflite")
