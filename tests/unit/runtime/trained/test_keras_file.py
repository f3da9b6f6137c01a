import io
import json
import struct
import zipfile

import numpy as np
import pytest

from edgecheck.runtime.trained.keras_file import scan_keras
from edgecheck.runtime.trained.refusal import CodeRefused

CONFIG = json.dumps({"module": "keras", "class_name": "Sequential", "config": {"layers": []}})
LAMBDA = {"class_name": "Lambda", "config": {"name": "sneaky"}}
WITH_LAMBDA = json.dumps({"class_name": "Sequential", "config": {"layers": [LAMBDA]}})


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py comes with TensorFlow")


@pytest.fixture
def weights(h5py):
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((2, 2), np.float32)
    return held.getvalue()


@pytest.fixture
def archive(tmp_path, weights):
    def made(config=CONFIG, **others):
        path = tmp_path / "model.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("config.json", config)
            for name, data in {"model.weights.h5": weights, **others}.items():
                file.writestr(name, data)
        return path

    return made


def test_a_plain_archive_is_let_through(archive):
    scan_keras(archive(**{"assets/vocabulary.txt": b"a\nb"}))


def test_a_lambda_in_an_archive_is_refused(archive):
    with pytest.raises(CodeRefused, match="sneaky"):
        scan_keras(archive(WITH_LAMBDA))


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/../../b", "..\\evil", "C:\\evil"])
def test_names_that_lead_out_of_the_archive_are_refused(archive, name):
    with pytest.raises(CodeRefused, match="outside the archive"):
        scan_keras(archive(**{name: b"x"}))


@pytest.mark.parametrize("name", ["model.weights.npz", "assets/x.pkl", "w.PT"])
def test_members_that_can_hold_pickles_are_refused(archive, name):
    with pytest.raises(CodeRefused, match="pickle"):
        scan_keras(archive(**{name: b"x"}))


def test_a_bomb_is_refused_before_it_is_unpacked(archive):
    with pytest.raises(ValueError, match="unpacks"):
        scan_keras(archive(**{"assets/zeros": b"\0" * (65 << 20)}))
    with pytest.raises(ValueError, match="larger than any model"):
        scan_keras(_lying_about_size(archive()))


def _lying_about_size(path):
    """The archive with a configuration that claims 65 MB, small enough for the sum of all."""
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"config.json"))
    struct.pack_into("<I", data, at + 24, (64 << 20) + 1)
    padding = 1 << 20
    path.write_bytes(bytes(padding) + bytes(data))
    return path


def test_a_name_that_comes_twice_is_refused(archive):
    path = archive()
    with (
        zipfile.ZipFile(path, "a") as file,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        file.writestr("config.json", WITH_LAMBDA)
    with pytest.raises(ValueError, match="twice"):
        scan_keras(path)


@pytest.mark.usefixtures("h5py")
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_damaged_files_are_named_as_such(tmp_path, data, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="it is no "):
        scan_keras(path)


def test_an_archive_without_configuration_is_no_model(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", "{}")
    with pytest.raises(ValueError, match=r"holds no config\.json"):
        scan_keras(path)


@pytest.fixture
def h5_file(tmp_path, h5py):
    def made(config=CONFIG, change=None):
        path = tmp_path / "model.h5"
        with h5py.File(path, "w") as file:
            if config is not None:
                file.attrs["model_config"] = config
            file["model_weights/dense/kernel"] = np.zeros(3, np.float32)
            if change is not None:
                change(file)
        return path

    return made


def test_a_plain_h5_file_is_let_through(h5_file):
    scan_keras(h5_file())


def test_a_lambda_in_an_h5_file_is_refused(h5_file):
    with pytest.raises(CodeRefused, match="sneaky"):
        scan_keras(h5_file(WITH_LAMBDA))


def test_a_file_of_weights_alone_says_what_to_save(h5_file):
    with pytest.raises(ValueError, match=r"model\.save\(\)"):
        scan_keras(h5_file(None))


def test_arrays_of_other_files_are_refused(h5_file, h5py, tmp_path):
    def link(file):
        file["model_weights/other"] = h5py.ExternalLink("/etc/passwd", "/x")

    def external(file):
        secret = tmp_path / "secret"
        secret.write_bytes(bytes(16))
        file.create_dataset("raw", (4,), "f4", external=[(str(secret), 0, 16)])

    def virtual(file):
        layout = h5py.VirtualLayout((3,), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
        file.create_virtual_dataset("virtual", layout)

    for change in (link, external, virtual):
        with pytest.raises(CodeRefused, match="another file"):
            scan_keras(h5_file(change=change))
