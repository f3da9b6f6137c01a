import pytest
from evidence import evidence, spec
from metadata_writer import Said, metadata, with_files
from models import OpDef, TensorDef, build_model

from edgecheck.checks import metadata as checks
from edgecheck.compare.binding import bind_inputs
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model

NAMES = ("cat", "dog", "bird")
SIGNED = {"rescale": {"scale": 2 / 255, "offset": -1.0}}
DENSENET = {"preset": "keras/densenet"}
RIGHT = Said("image", [127.5], [127.5], "RGB")


def file(inputs=None, outputs=(), packed=None, classes=3):
    entries = {} if inputs is None else {"TFLITE_METADATA": metadata(inputs, outputs)}
    tensors = [TensorDef("image", (1, 4, 4, 3)), TensorDef("output", (1, classes))]
    data = build_model(tensors, [OpDef("MEAN", [0], [1])], [0], [1], metadata=entries)
    return with_files(data, packed) if packed else data


def case(data, steps=(SIGNED,), names=(), **parts):
    model = read_model(data)
    contract = contract_of(model)
    section = {"kind": "image", "steps": ("decode", *steps)}
    return evidence(
        spec=spec({"image": section}, **parts),
        label_names=names,
        model=model,
        contract=contract,
        bound=bind_inputs(["image"], contract),
        data=data,
        comparison=None,
    )


def found(*args, **parts):
    return [(f.rule, f.severity) for f in checks.check(case(*args, **parts))]


def labels(*args, **parts):
    return [(f.rule, f.severity) for f in checks.check_labels(case(*args, **parts))]


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        (RIGHT, (SIGNED,)),
        (Said("image", [127.0], [128.0]), (SIGNED,)),  # as many write it
        (Said("image", [0.0], [1.0], "RGB"), ()),
        (Said("image", [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]), (DENSENET,)),
        (Said("image", color="RGB"), (SIGNED,)),
        (Said(), (SIGNED,)),
        (Said("image", [0.0], [255.0]), ("standardize",)),  # cannot be compared
    ],
)
def test_metadata_that_agree_have_no_finding(said, steps):
    assert found(file([said]), steps) == []


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        (Said("image", [0.0], [255.0]), (SIGNED,)),
        (Said("image", [0.0], [1.0]), (SIGNED,)),
        (Said("image", [127.5], [127.5]), ()),
        (Said("image", [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]), (DENSENET,)),  # BGR
        (Said("image", [1.0, 2.0], [1.0, 2.0]), (SIGNED,)),
        (Said("image", [127.5], [0.0]), (SIGNED,)),
        (Said("image", [127.5], [float("nan")]), (SIGNED,)),
        (Said("image", color="L"), (SIGNED,)),
    ],
)
def test_metadata_that_contradict_the_steps_are_a_warning(said, steps):
    assert found(file([said]), steps) == [("metadata-missing", "warning")]


def test_absent_metadata_are_noted_only_where_the_target_reads_them():
    assert found(file()) == []
    assert found(file(), target={"device": "raspberry-pi-4"}) == []
    assert found(file(), target={"device": "android-phone"}) == [("metadata-missing", "info")]


def packed(*names):
    return {"labels.txt": "\n".join(names) + "\n"}


@pytest.mark.parametrize(
    "names", [NAMES, (), ("Cat", "dog ", "bird"), ("un", "deux", "trois"), ("cat", "cat", "dog")]
)
def test_the_same_or_other_names_have_no_finding(names):
    assert labels(file(packed=packed(*NAMES)), names=names) == []


def test_the_same_names_in_another_order_are_an_error():
    swapped = labels(file(packed=packed("cat", "bird", "dog")), names=NAMES)
    assert swapped == [("label-order-or-offset", "error")]


def test_a_background_class_in_one_list_only_is_a_warning():
    data = file(packed=packed("background", *NAMES), classes=4)
    assert labels(data, names=NAMES) == [("label-order-or-offset", "warning")]
    assert labels(file(packed=packed(*NAMES)), names=("???", *NAMES)) == [
        ("label-order-or-offset", "warning")
    ]


def test_declared_labels_have_to_be_as_many_as_classes():
    declared = [Said("scores", labels=["labels.txt"])]
    few = packed("cat", "dog")
    assert labels(file([RIGHT], declared, few)) == [("label-count-mismatch", "error")]
    assert labels(file(packed=few)) == [("label-count-mismatch", "warning")]
    assert labels(file([RIGHT], declared, packed(*NAMES))) == []


def test_files_that_name_no_classes_are_left_alone():
    assert labels(file(packed={"vocab.txt": "a\nb\n"})) == []
    assert labels(file([RIGHT], [Said(labels=["absent.txt"])])) == []
    assert labels(file(packed=packed("a")), model={"task": "detection"}) == []
