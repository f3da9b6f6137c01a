import hashlib
from pathlib import Path

import pytest

from edgecheck.errors import UsageError
from edgecheck.runtime.trained.formats import fingerprint, format_of


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("m.keras", "keras"),
        ("m.H5", "keras"),
        ("m.hdf5", "keras"),
        ("m.onnx", "onnx"),
        ("m.tflite", None),
        ("m", None),
        ("\0", None),
        ("x" * 5000, None),
    ],
)
def test_formats_are_told_by_name(name, form):
    assert format_of(Path(name)) == form


def test_a_folder_with_a_saved_model_is_one(tmp_path):
    assert format_of(tmp_path) is None
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert format_of(tmp_path) == "saved-model"
    with pytest.raises(UsageError) as refused:
        format_of(tmp_path / "saved_model.pb")
    assert "folder" in refused.value.hint


def test_a_file_is_identified_by_its_bytes(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(b"abc")
    assert fingerprint(path) == (hashlib.sha256(b"abc").hexdigest(), 3)


def test_a_folder_is_identified_by_names_and_bytes_of_its_files(tmp_path):
    def folder(name, **files):
        for file, data in files.items():
            path = tmp_path / name / file.replace("_", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return fingerprint(tmp_path / name)

    first = folder("one", a=b"1", v_b=b"23")
    assert first[1] == 3
    assert folder("two", v_b=b"23", a=b"1") == first
    assert folder("three", a=b"1", v_c=b"23")[0] != first[0]
    assert folder("four", a=b"12", v_b=b"3")[0] != first[0]
