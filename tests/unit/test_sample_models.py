import csv
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "sample_models"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
TASKS = sorted(MANIFEST["metrics"])
MODELS = sorted(FOLDER.glob("*/*.tflite"))


@pytest.fixture(scope="module")
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
        import make_sample_models
        import sample_tasks

        yield make_sample_models, sample_tasks
    for name in ("make_sample_models", "sample_tasks"):
        sys.modules.pop(name, None)


def spec(task):
    return yaml.safe_load((ROOT / "configs" / f"{task}.yaml").read_text())


def steps_of(task):
    (only,) = spec(task)["inputs"].values()
    return {name: value for step in only["steps"] for name, value in step.items()}


def content(path):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return b"".join(file.read_bytes() for file in files)


def test_every_file_is_the_one_of_the_manifest():
    paths = [path for task in TASKS for path in (FOLDER / task).iterdir() if path.suffix != ".md"]
    assert {path.relative_to(FOLDER).as_posix() for path in paths} == set(MANIFEST["files"])
    for path in paths:
        stated = MANIFEST["files"][path.relative_to(FOLDER).as_posix()]
        found = content(path)
        assert stated["bytes"] == len(found), path.name
        assert stated["sha256"] == hashlib.sha256(found).hexdigest(), path.name


def test_models_stay_below_60_kb_and_folders_below_500_kb():
    assert len(MODELS) == 7
    assert max(path.stat().st_size for path in MODELS) < 60_000
    for task in TASKS:
        total = sum(p.stat().st_size for p in (FOLDER / task).rglob("*") if p.is_file())
        assert total < 500_000, task


@pytest.mark.parametrize("task", ["digits", "photos"])
def test_labels_csv_names_exactly_the_images(task):
    with (FOLDER / task / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [row["filename"] for row in rows]
    classes = (FOLDER / task / "labels.txt").read_text().split()
    assert len(names) == len(set(names)) == MANIFEST["files"][f"{task}/images"]["files"]
    assert set(names) == {path.name for path in (FOLDER / task / "images").iterdir()}
    assert {int(row["label"]) for row in rows} == set(range(len(classes)))


@pytest.mark.parametrize("task", ["digits", "photos", "features"])
def test_spec_points_at_existing_files(task):
    document = spec(task)
    paths = [document["model"]["reference"], document["model"]["labels"]]
    dataset = document["dataset"]
    paths += [dataset["path"]] + ([dataset["labels"]] if task != "features" else [])
    for path in paths:
        parent = (ROOT / "configs" / path).parent
        assert list(parent.glob(Path(path).name)), path


def test_spec_of_digits_states_the_preprocessing_that_trained_the_model(scripts):
    _, tasks = scripts
    steps, pixels = steps_of("digits"), np.arange(0, 256, 4, np.uint8).reshape(8, 8)
    rescale = steps["rescale"]
    stated = tasks.resize(pixels[..., None], steps["resize"]["size"][0]) * rescale["scale"]
    assert steps["decode"]["color"] == "L"
    np.testing.assert_allclose(
        stated + rescale["offset"], tasks.preprocess_digit(pixels), atol=1e-6
    )


def test_spec_of_photos_states_the_preprocessing_that_trained_the_model(scripts):
    _, tasks = scripts
    steps = steps_of("photos")
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(np.uint8)
    unit = tasks.resize(pixels, steps["resize"]["size"][0]) * steps["rescale"]["scale"]
    mean, std = (np.array(steps["normalize"][key]) for key in ("mean", "std"))
    assert steps["decode"]["color"] == "RGB"
    np.testing.assert_allclose((unit - mean) / std, tasks.preprocess_photo(pixels), atol=1e-5)


def test_stored_digits_are_the_ink_levels_of_the_data_set(scripts):
    _, tasks = scripts
    levels = tasks.digit_pixels(np.arange(17.0))
    slow = [int(255 * v / 16 + 0.5) for v in range(17)]
    assert levels.tolist() == slow
    for sample in tasks.read_images(FOLDER / "digits").samples:
        assert sample.shape == (8, 8)
        assert np.isin(sample, levels).all()


def test_training_crops_share_no_pixel_with_held_out_crops(scripts):
    _, tasks = scripts
    places = np.arange(1000, 1000 + 300 * 451).reshape(300, 451)  # each pixel is its own place
    rng = np.random.default_rng(1)
    held_out, reserved = tasks.tiles(places, rng)
    crops = tasks.windows(places, reserved, rng)
    seen = np.unique(np.stack(crops))
    assert len(crops) == tasks.TRAINING_CROPS
    assert len(held_out) == tasks.HELD_OUT_CROPS
    assert not np.isin(np.stack([pixels for _, pixels in held_out]), seen).any()


@pytest.mark.parametrize(("height", "width", "size"), [(8, 8, 16), (48, 48, 24), (50, 37, 24)])
def test_resize_is_that_of_tensorflow(scripts, height, width, size):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")
    _, tasks = scripts
    pixels = np.random.default_rng(2).integers(0, 256, (height, width, 3)).astype(np.uint8)
    expected = tf.image.resize(pixels, (size, size), method="bilinear", antialias=True)
    np.testing.assert_allclose(tasks.resize(pixels, size), expected.numpy(), atol=1e-3)


@pytest.mark.parametrize("task", TASKS)
def test_accuracies_are_those_of_the_manifest(scripts, task):
    pytest.importorskip("ai_edge_litert", reason="needs a runtime")
    make, _ = scripts
    stated, found = MANIFEST["metrics"][task], make.measure(task)
    assert found.keys() == stated.keys()
    for file, metrics in stated.items():
        assert found[file]["accuracy"] == pytest.approx(
            metrics["accuracy"], abs=make.ACCURACY_TOLERANCE
        ), file


def test_healthy_models_are_healthy_and_the_collapsed_one_collapsed():
    metrics = MANIFEST["metrics"]
    for task in TASKS:
        accuracy = {name: m["accuracy"] for name, m in metrics[task].items()}
        assert accuracy["float.tflite"] >= {"digits": 0.95}.get(task, 0.9)
        assert abs(accuracy["float.tflite"] - accuracy["int8.tflite"]) <= 0.01
    collapsed = metrics["digits"]["int8_collapsed.tflite"]
    assert collapsed["accuracy"] < 0.2
    assert collapsed["largest_class_share"] > 0.8
    photos = metrics["photos"]["float.tflite"]
    assert photos["accuracy_if_bgr"] < photos["accuracy"] - 0.3


def edited_manifest(make, monkeypatch, tmp_path, keys, value):
    edited = json.loads(json.dumps(MANIFEST))
    inner = edited
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    (tmp_path / "manifest.json").write_text(json.dumps(edited))
    monkeypatch.setattr(make, "MANIFEST", tmp_path / "manifest.json")
    monkeypatch.setattr(make, "measure", MANIFEST["metrics"].get)


def test_check_reports_a_changed_file(scripts, monkeypatch, tmp_path):
    make, _ = scripts
    edited_manifest(
        make, monkeypatch, tmp_path, ("files", "digits/int8.tflite", "sha256"), "0" * 64
    )
    assert make.differences() == ["digits/int8.tflite: bytes differ"]


def test_check_reports_a_drifted_accuracy(scripts, monkeypatch, tmp_path):
    make, _ = scripts
    found = MANIFEST["metrics"]["photos"]["int8.tflite"]["accuracy"]
    stated = found - 2 * make.ACCURACY_TOLERANCE
    keys = ("metrics", "photos", "int8.tflite", "accuracy")
    edited_manifest(make, monkeypatch, tmp_path, keys, stated)
    assert make.differences() == [f"photos/int8.tflite: accuracy {found}, manifest {stated}"]
