import pytest

from edgecheck.errors import InputMissing, UnusableError
from edgecheck.first_spec.json_config import MAX_BYTES, JsonConfig, read_json_config


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON object"),
        (b"\xff\xfe{}", "is no JSON object"),
        (b"[1]", "holds no object"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5000 digits"),
        (b" " * (MAX_BYTES + 1), "has more than"),
    ],
)
def test_what_is_no_config_is_refused_with_the_reason(tmp_path, content, said):
    path = tmp_path / "preprocessor_config.json"
    path.write_bytes(content)
    with pytest.raises(UnusableError, match=said):
        read_json_config(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputMissing, match="there is no file"):
        read_json_config(tmp_path / "none.json")
    with pytest.raises(UnusableError, match="cannot read"):
        read_json_config(tmp_path)


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (lambda config: config.flag("a", default=True), [1, "yes", [], {}]),
        (lambda config: config.number("a"), [True, "1", [1], 1e999, 10**400]),
        (lambda config: config.whole("a"), [True, 1.5, "1", 1 << 80]),
        (lambda config: config.text("a"), [1, ["x"]]),
        (lambda config: config.numbers("a"), [[], ["x"], {"a": 1}, [1e999], [0.5] * 5000]),
        (lambda config: config.sizes("a"), ["224", [1, 2, 3], {"height": "x"}, 1.5, True]),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(read, wrong):
    for value in wrong:
        with pytest.raises(UnusableError, match=r"c\.json: 'a' is .*, expected "):
            read(JsonConfig("c.json", {"a": value}))


def test_values_are_read_as_they_are():
    config = JsonConfig("c", {"size": [3, 4], "edge": {"shortest_edge": 5, "longest_edge": None}})
    assert config.sizes("size") == {"height": 3, "width": 4}
    assert config.sizes("edge") == {"shortest_edge": 5}
    assert config.sizes("absent") is None
    assert config.number("absent", 0.5) == 0.5
