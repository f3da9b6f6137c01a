"""`edgecheck match`: what is printed, written and returned."""

import json
import shutil

import numpy as np
import pytest
from command_line import HEALTHY, ROOT, SPEC, edgecheck

CASE = ROOT / "tests" / "acceptance" / "input-signedness-offset" / "positive"


@pytest.fixture
def case(tmp_path):
    for name in ("spec.yaml", "model.tflite", "samples.npz", "dump.npz"):
        shutil.copy(CASE / name, tmp_path / name)
    return tmp_path


FILES = ("spec.yaml", "model.tflite", "dump.npz")


def test_the_answer_comes_first_and_ends_with_the_line_that_is_right(case):
    done = edgecheck("match", *FILES, cwd=case)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("FAIL      On the device, input")
    assert [line for line in lines if len(line) > 80] == []
    assert "`q = pixel - 128`" in " ".join(done.stdout.split())


def test_json_and_text_go_where_they_are_sent(case):
    where = ("--output", "json:found.json", "--output", "text:found.txt")
    done = edgecheck("match", *FILES, *where, cwd=case)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    found = json.loads((case / "found.json").read_text())
    assert (found["kind"], found["verdict"], found["exit_code"]) == ("match", "fail", 1)
    assert found["findings"][0]["rule"] == "input-signedness-offset"
    assert (case / "found.txt").read_text().startswith("FAIL")


def test_quiet_prints_nothing(case):
    done = edgecheck("match", *FILES, "--quiet", cwd=case)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def write(path, **tensors):
    np.savez(path, **tensors)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("spec.yaml", "model.tflite", "no.npz"), 3, "there is no dump"),
        (("spec.yaml", "no.tflite", "dump.npz"), 3, "no.tflite"),
        (("no.yaml", "model.tflite", "dump.npz"), 3, "no.yaml"),
        (("spec.yaml", "model.tflite", "other.npz"), 3, "no input or output 'wrong'"),
        (("spec.yaml", "model.tflite", "spec.yaml"), 3, "no dump that is known"),
        (("spec.yaml", "samples.npz", "dump.npz"), 3, "not a TensorFlow Lite model"),
        (("spec.yaml", "model.tflite", "text.csv"), 2, "--tensor"),
        (("spec.yaml", "model.tflite", "dump.npz", "--tensor", "image"), 2, "--tensor"),
        (("spec.yaml", "model.tflite", "dump.npz", "--limit", "0"), 2, "limit"),
        (("spec.yaml", "model.keras", "dump.npz"), 2, "trained model"),
        (("spec.yaml", "model.tflite", "many.npz"), 3, "no ids, the dataset has 4"),
        (("spec.yaml", "model.tflite", "ids.npz"), 3, "1 ids of the dump are no samples"),
        (("bare.yaml", "model.tflite", "dump.npz"), 3, "no `dataset`"),
        (("spec.yaml", "model.tflite"), 2, "dump"),
    ],
)
def test_what_cannot_work_is_told(arguments, code, words, case):
    rows = np.zeros((9, 16, 16, 1), np.int8)
    write(case / "other.npz", wrong=rows)
    write(case / "many.npz", image=rows)
    write(case / "ids.npz", image=rows[:1], ids=np.array(["cat.png"]))
    (case / "text.csv").write_text("1,2\n")
    (case / "model.keras").write_bytes(b"")
    (case / "bare.yaml").write_text((case / "spec.yaml").read_text().partition("dataset")[0])
    before = sorted(path.name for path in case.iterdir())
    done = edgecheck("match", *arguments, cwd=case)
    assert done.returncode == code, done.stdout + done.stderr
    assert words.lower() in " ".join((done.stdout + done.stderr).split()).lower()
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in case.iterdir()) == before


@pytest.mark.parametrize("target", FILES)
def test_a_report_never_replaces_an_input(target, case):
    before = (case / target).read_bytes()
    done = edgecheck("match", *FILES, "--output", f"json:{target}", cwd=case)
    assert (done.returncode, done.stdout) == (2, "")
    assert (case / target).read_bytes() == before


def test_an_error_is_in_the_json_and_on_stderr(case):
    done = edgecheck("match", "spec.yaml", "model.tflite", "no.npz", "--output", "json", cwd=case)
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"], found["error"]["kind"]) == (3, 3, "input-missing")
    assert done.stderr.startswith("error: ")


def test_inputs_alone_need_no_runtime(tmp_path):
    np.savez(tmp_path / "dump.npz", image=np.zeros((3, 16, 16, 1), np.int8))
    hidden = "import sys; sys.modules.update(dict.fromkeys(('ai_edge_litert', 'tensorflow')))"
    done = edgecheck("match", SPEC, HEALTHY, tmp_path / "dump.npz", before=hidden)
    assert done.returncode == 1, done.stderr
    assert "input-constant" in done.stdout


def test_no_report_replaces_a_file_of_the_dump(case):
    folder = case / "dump"
    folder.mkdir()
    rows = np.load(case / "dump.npz")["image"]
    (folder / "image.bin").write_bytes(rows.tobytes())
    (folder / "notes.txt").write_text("of the bench")
    tensor = {"name": "image", "dtype": str(rows.dtype), "shape": list(rows.shape)}
    described = {"version": 1, "tensors": [{**tensor, "file": "image.bin"}]}
    (folder / "dump.json").write_text(json.dumps(described))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (case / "link.bin").symlink_to(folder / "image.bin")
    for dump, place in [
        *(("dump", f"dump/{name}") for name in before),
        ("dump", "link.bin"),
        ("dump/dump.json", "dump/image.bin"),
        ("dump/dump.json", "dump/dump.json"),
        ("dump.npz", "dump.npz"),
    ]:
        done = edgecheck("match", *FILES[:2], dump, "--output", f"json:{place}", cwd=case)
        assert (done.returncode, "would overwrite" in done.stderr) == (2, True), place
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    done = edgecheck("match", *FILES[:2], "dump", "--output", "json:dump/new.json", cwd=case)
    assert (done.returncode, (folder / "new.json").exists()) == (1, True)
