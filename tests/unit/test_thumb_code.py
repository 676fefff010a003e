"""The thumb kernel's assembler: what its modules both say, and the distances they count on."""

import re
from pathlib import Path

import pytest

from spikelet import resources
from spikert import kernels

FOLDER = Path(kernels.__file__).parent
SUMS = (FOLDER / "thumb_sums.py").read_text()
FIRE = (FOLDER / "thumb_fire.py").read_text()
CODES = ("HEAD", "END", "ROW", "GROUP", "COLUMNS")


def constants(source: str) -> dict[str, int]:
    found = re.findall(r"^_?([A-Z_0-9]+) = const\((\w+)\)", source, re.MULTILINE)
    return {name: int(number, 0) for name, number in found}


def fields(source: str) -> dict[str, int]:
    """Return the offsets in `block`, which stand before everything else."""
    numbers = constants(source.split("_LDMIA = ", maxsplit=1)[0])
    ends = [name for name in numbers if name.split("_")[0] in ("EIGHT", "SPLIT", "PAIRS")]
    others = ("ANY_END", "SHORT_END", "BYTES_COLUMNS", "NUMBERS", *ends)
    return {name: number for name, number in numbers.items() if name not in others}


def places(function: str) -> dict[str, int]:
    """Return how many bytes behind its first branch, a call, each label stands."""
    body = SUMS.split(f"def {function}(")[1].split("@micropython")[0]
    at, found = -4, {}
    for line in re.findall(r"^    (\w+\(.*?\))(?:  #.*)?$", body, re.MULTILINE):
        if line.startswith("label("):
            found[line[6:-1]] = at
        else:
            at += 4 if line.startswith("bl(") else 2
    return found


def test_both_modules_mean_the_same_by_a_name():
    sums, fire = constants(SUMS), constants(FIRE)
    both = sums.keys() & fire.keys()
    assert {"RECORDS", "OWN", "HELD", "LDMIA", "BLX"} <= both
    assert {name: sums[name] for name in both} == {name: fire[name] for name in both}


def test_every_number_of_a_block_has_its_own_place():
    offsets = fields(SUMS) | fields(FIRE)
    assert sorted(offsets.values()) == list(range(0, 4 * constants(FIRE)["NUMBERS"], 4))


def test_loads_reach_the_numbers_they_name():
    for source in (SUMS, FIRE):
        offsets = {**fields(SUMS), **fields(FIRE)}
        for name, less in re.findall(r"(?:ldr|str)\(r\d, \[r\d, _?([A-Z_]+)( - 64)?\]\)", source):
            assert 0 <= offsets[name] - (64 if less else 0) <= 124, name


@pytest.mark.parametrize(
    ("function", "code", "label", "head"),
    [
        ("add_bytes", "EIGHT", "eight", 4),
        ("add_bytes", "SPLIT", "split", 10),
        ("add_pairs", "PAIRS", "group", 4),
    ],
)
def test_code_of_rows_is_as_long_as_is_said(function, code, label, head):
    at = places(function)
    size = {name: constants(SUMS).get(f"{code}_{name}") for name in CODES}
    assert size["HEAD"] == at[label]
    rows = size["GROUP"] * size["ROW"]
    assert size["END"] - rows == at[label] + head
    behind = {"EIGHT": at.get("split"), "PAIRS": at["start"]}.get(code)
    if behind is not None:
        assert size["END"] + head == behind  # the next group's head
    else:
        split = 2 * 13  # of the three words, and the mask that it takes
        assert size["END"] - size["ROW"] + split + head == at["start"]


def test_what_ends_a_block_comes_behind_the_start():
    numbers = constants(SUMS)
    for function in ("add_bytes", "add_pairs"):
        lines = SUMS.split(f"def {function}(")[1].split("    label(")[0]
        branches = re.findall(r"    b\((\w+)\)", lines)
        assert branches[numbers["ANY_END"] // 2] == "block_end"
        assert branches[numbers["SHORT_END"] // 2] == "short_end"
        assert branches[0] == "start"


def test_the_kernel_goes_to_the_board_and_does_not_load_here():
    assert {f"spikert/kernels/{name}.py" for name in ("thumb", "thumb_sums", "thumb_fire")} <= set(
        resources.runtime_files()
    )
    with pytest.raises(ImportError):
        kernels.load("thumb")
