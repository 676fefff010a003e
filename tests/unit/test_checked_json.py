"""JSON of others: numbers are finite, fields have their types, and each refusal is a reason."""

import pytest

from spikelet import checked_json


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff{}", "it is no UTF-8 text"),
        (b"{", "it is no JSON"),
        (b"[1]", "it is no JSON object"),
        (b'{"a": NaN}', "it holds NaN, which is no number"),
        (b'{"a": -Infinity}', "it holds -Infinity, which is no number"),
        (b'{"a": 1e999}', "it holds 1e999, which is too large a number"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "too large a number"),
        (b'{"a": 9007199254740993}', "too large a number"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_read_object_refuses_with_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        checked_json.read_object(text)


@pytest.mark.parametrize(
    ("read", "value", "reason"),
    [
        (checked_json.text, 1, "its a is 1; it must be text"),
        (checked_json.text, {"b": 1}, "its a is {'b': 1}; it must be text"),
        (checked_json.whole, True, "its a is True; it must be a whole number"),
        (checked_json.whole, 1.0, "its a is 1.0; it must be a whole number"),
        (checked_json.whole, -1, "its a is -1; it must be at least 0"),
        (checked_json.number, "1", "its a is '1'; it must be a number"),
        (checked_json.mapping, [], "its a is \\[\\]; it must be an object"),
        (checked_json.texts, ["x", 1], "it must be a list of texts"),
    ],
)
def test_field_of_wrong_type_is_refused(read, value, reason):
    with pytest.raises(ValueError, match=reason):
        read({"a": value}, "a")
    with pytest.raises(ValueError, match="it has no field b"):
        read({"a": value}, "b")


def test_fields_are_returned():
    values = checked_json.read_object(b'{"a": "x", "b": 3, "c": 0.5, "d": {"e": 1}, "f": ["g"]}')
    assert checked_json.text(values, "a") == "x"
    assert checked_json.whole(values, "b") == 3
    assert checked_json.number(values, "c") == 0.5
    assert checked_json.mapping(values, "d") == {"e": 1}
    assert checked_json.texts(values, "f") == ("g",)
