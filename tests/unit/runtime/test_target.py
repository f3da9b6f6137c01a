from pathlib import Path

import pytest

from edgecheck.errors import UsageError
from edgecheck.runtime.target import TargetRuntime, target_of
from edgecheck.spec.model import TargetSpec

HERE = Path()


def _of(section=None, device=None):
    return target_of(None if section is None else TargetSpec(**section), device, HERE)


def test_nothing_stated_is_no_target():
    assert _of() is None
    assert _of({}) is None


def test_a_runtime_may_leave_its_release_open():
    assert _of({"runtime": "litert"}).runtimes == (TargetRuntime("litert", None),)
    assert _of({"runtime": "litert==2.3.0"}).runtimes == (TargetRuntime("litert", "2.3.0"),)


def test_a_device_brings_its_runtimes_and_operators():
    target = _of({"device": "coral-dev-board"})
    assert target.runtimes == (TargetRuntime("tflite-runtime", "2.5.0"),)
    assert target.custom_operators == ("edgetpu-custom-op",)


def test_the_runtime_of_the_spec_goes_before_those_of_its_device():
    target = _of({"device": "raspberry-pi-4", "runtime": "tensorflow==2.14.0"})
    assert target.runtimes == (TargetRuntime("tensorflow", "2.14.0"),)
    assert target.device.name == "raspberry-pi-4"


def test_the_device_of_the_command_line_goes_before_the_specs():
    section = {"device": "raspberry-pi-4", "runtime": "tflite-runtime==2.11.0"}
    assert _of(section, "esp32").runtimes == (TargetRuntime("tflm", None),)
    pinned = _of(section, "raspberry-pi-3")
    assert pinned.runtimes == (TargetRuntime("tflite-runtime", "2.11.0"),)
    assert pinned.device.name == "raspberry-pi-3"


def test_an_unknown_device_is_refused_before_anything_runs():
    with pytest.raises(UsageError):
        _of({"device": "toaster"})
