import csv

import numpy as np
import pytest
import yaml
from faults.case import Base, deploy
from faults.prepare import prepared, write_spec
from faults.samples import with_samples


@pytest.fixture
def base(tmp_path):
    """Ten pictures whose value is their number, with labels."""
    from PIL import Image

    folder = tmp_path / "base"
    (folder / "data" / "images").mkdir(parents=True)
    for number in range(10):
        picture = np.full((4, 4), number, np.uint8)
        Image.fromarray(picture).save(folder / "data" / "images" / f"{number:04d}.png")
    rows = [("filename", "label"), *((f"{n:04d}.png", str(n % 3)) for n in range(10))]
    with (folder / "data" / "labels.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    image = {"kind": "image", "shape": [4, 4, 1], "steps": [{"decode": {"color": "L"}}]}
    data = folder / "data"
    spec = {
        "version": 1,
        "model": {"task": "classification", "labels": ["0", "1", "2"]},
        "inputs": {"image": image},
        "dataset": {"path": f"{data}/images/*.png", "labels": f"{data}/labels.csv"},
    }
    write_spec(folder / "spec.yaml", spec)
    return Base("pictures", 0, folder, frozenset({"picture"}))


def test_chosen_pictures_keep_their_order_and_their_labels(base, tmp_path):
    site = with_samples(deploy(base, tmp_path / "case"), [7, 2, 5])
    write_spec(site.folder / "spec.yaml", site.spec)
    rows = prepared(site.folder / "spec.yaml")["image"]
    assert rows[:, 0, 0, 0].tolist() == [7, 2, 5]
    with (site.folder / "data" / "labels.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["1", "2", "2"]


def test_a_deployment_leaves_its_base_alone(base, tmp_path):
    before = base.spec()
    site = deploy(base, tmp_path / "case").with_input(steps=[], range=[0, 1])
    assert site.inputs["image"]["range"] == [0, 1]
    assert base.spec() == before
    assert site.with_input(range=None).inputs["image"].keys() == {"kind", "shape", "steps"}


def test_a_spec_with_shared_parts_is_written_without_anchors(tmp_path):
    shared = [1, 2]
    write_spec(tmp_path / "spec.yaml", {"a": shared, "b": shared})
    assert "&" not in (tmp_path / "spec.yaml").read_text()
    assert yaml.safe_load((tmp_path / "spec.yaml").read_text()) == {"a": [1, 2], "b": [1, 2]}
