from pathlib import Path

import pytest

from edgecheck.errors import InputMissing, SpecError, UnusableError, UsageError
from edgecheck.runtime.devices import device_names, load_device
from edgecheck.runtime.operators.table import FAMILIES

HERE = Path()
BOARD = """
name: my-board
description: A board of our own
ram_bytes: 65536
flash_bytes: 262144
runtimes: [tflm]
sources: [our own data sheet]
"""


@pytest.mark.parametrize("name", device_names())
def test_every_profile_is_valid_and_names_runtimes_that_are_known(name):
    profile = load_device(name, HERE)
    assert profile.name == name
    assert {runtime.partition("==")[0] for runtime in profile.runtimes} <= set(FAMILIES)
    assert all(source.startswith("https://") for source in profile.sources)


def test_the_usual_boards_are_there():
    usual = {"raspberry-pi-4", "coral-usb", "coral-dev-board", "esp32-s3", "cortex-m4", "cortex-m7"}
    assert usual <= set(device_names())


def test_a_misspelt_device_is_a_usage_error_with_a_suggestion_and_the_list():
    with pytest.raises(UsageError, match=r"did you mean 'raspberry-pi-4'\?") as caught:
        load_device("raspbery-pi4", HERE)
    assert "coral-usb" in caught.value.hint


@pytest.mark.parametrize("name", ["../configs/devices/esp32", "", "a\x00b", "x" * 5000, "*"])
def test_names_that_are_no_device_are_usage_errors(name):
    with pytest.raises(UsageError):
        load_device(name, HERE)


def test_a_profile_of_ones_own_is_found_beside_the_spec(tmp_path):
    (tmp_path / "my-board.yaml").write_text(BOARD)
    profile = load_device("my-board.yaml", tmp_path)
    assert (profile.ram_bytes, profile.is_microcontroller) == (65536, True)


def test_what_is_wrong_with_a_profile_is_told_by_line(tmp_path):
    (tmp_path / "my-board.yaml").write_text(BOARD + "ram: 1\nflash_bytes: 0\n")
    with pytest.raises(SpecError) as caught:
        load_device("./my-board.yaml", tmp_path)
    assert "my-board.yaml:8:1: ram: unknown key 'ram'" in caught.value.message
    assert "ram_bytes" in caught.value.message
    assert "given twice" in caught.value.message


@pytest.mark.parametrize("text", ["", "[]", "a: &x [*x]", "name: 1", "\x00", "{" * 9999])
def test_hostile_profiles_are_spec_errors(tmp_path, text):
    (tmp_path / "b.yaml").write_text(text)
    with pytest.raises(SpecError):
        load_device("b.yaml", tmp_path)


def test_a_profile_that_is_not_there_and_one_that_is_a_folder(tmp_path):
    with pytest.raises(InputMissing):
        load_device("b.yaml", tmp_path)
    with pytest.raises(InputMissing):
        load_device("a\0.yaml", tmp_path)
    (tmp_path / "b.yaml").mkdir()
    with pytest.raises(UnusableError):
        load_device("b.yaml", tmp_path)
