"""The offsets and code lengths that the thumb kernel's assembler relies on."""

import re
from pathlib import Path

import pytest

from spikelet import installation
from spikert import kernels

FOLDER = Path(kernels.__file__).parent / "thumb"
MODULES = ("rows", "byte_rows", "pairs", "hold", "fire", "chained", "build")
SOURCES = {name: (FOLDER / f"{name}.py").read_text() for name in MODULES}
# The least opcode of instructions that are written as numbers.
LEAST_INSTRUCTION = 0x1000
# Small numbers that are no fields of a block.
OF_CODE = ("SHORT", "NUMBERS", "ANY_END", "SHORT_END")


def constants(name: str) -> dict[str, int]:
    """Return the constants of a module, without an underscore before them."""
    pairs = re.findall(r"^_?([A-Z_0-9]+) = const\((\w+)\)", SOURCES[name], re.MULTILINE)
    return {constant: int(number, 0) for constant, number in pairs}


def fields() -> dict[str, int]:
    """Return the offsets in `block`, which two modules share."""
    offsets = constants("rows") | constants("fire")
    small = {name: number for name, number in offsets.items() if number < LEAST_INSTRUCTION}
    return {name: number for name, number in small.items() if name not in OF_CODE}


def places(module: str) -> dict[str, int]:
    """Return the offset in bytes of each label of `add` from the end of its first branch, a call."""
    body = SOURCES[module].split("def add(")[1]
    at, offsets = -4, {}
    for line in re.findall(r"^    (\w+\(.*?\))(?:  #.*)?$", body, re.MULTILINE):
        if line.startswith("label("):
            offsets[line[6:-1]] = at
        else:
            at += 4 if line.startswith("bl(") else 2
    return offsets


def test_thumb_block_numbers_have_distinct_offsets():
    assert sorted(fields().values()) == list(range(0, 4 * constants("fire")["NUMBERS"], 4))
    chain = constants("chained")
    length = chain.pop("LENGTH")
    del chain["ADD_SP"]
    assert sorted(chain.values()) == list(range(0, 4 * length, 4))


def test_thumb_loads_reach_their_offsets():
    scores = (FOLDER.parents[1] / "loops/__init__.py").read_text()
    words = re.findall(r"^(SCORES_\w+) = const\((\d+)\)", scores, re.MULTILINE)
    offsets = fields() | constants("chained") | {name: 4 * int(number) for name, number in words}
    for name, source in SOURCES.items():
        pattern = r"(?:ldr|str)\(r\d, \[r\d, (?:4 \* )?([A-Z_]+)(?: - (\d+))?\]\)"
        loads = re.findall(pattern, source)
        assert loads or name == "build"
        for field, less in loads:
            assert 0 <= offsets[field] - int(less or 0) <= 124, f"{field} in {name}.py"


def test_thumb_byte_rows_code_has_declared_length():
    at, numbers = places("byte_rows"), constants("byte_rows")
    jump, first, row, split = 4, 6, numbers["SPLIT_ROW"], 26
    assert numbers["EIGHT_HEAD"] == at["eight"]
    begin = at["eight"] + 8 + jump
    assert numbers["EIGHT_END"] == begin + numbers["EIGHT_GROUP"] * numbers["EIGHT_ROW"]
    # Behind the jump to the next group.
    assert numbers["EIGHT_END"] + 2 == at["fours"]
    begin = at["fours"] + jump + first
    assert numbers["FOURS_HEAD"] == at["fours"]
    assert numbers["FOURS_SPLIT"] == split + first - row
    rows = numbers["MOST_GROUP"]
    assert numbers["FOURS_END"] == begin + rows * row + (rows - 1) // 4 * numbers["FOURS_SPLIT"]
    assert numbers["FOURS_END"] - row + split + first + jump == at["split"]
    assert numbers["SPLIT_HEAD"] == at["split"]
    assert numbers["SPLIT_END"] == at["split"] + jump + first + rows * row
    assert numbers["SPLIT_END"] - row + split + first + jump == at["start"]


def test_thumb_pairs_code_has_declared_length():
    at, numbers = places("pairs"), constants("pairs")
    assert numbers["PAIRS_HEAD"] == at["group"]
    length = numbers["PAIRS_GROUP"] * numbers["PAIRS_ROW"]
    assert numbers["PAIRS_END"] == at["group"] + 4 + length
    assert numbers["PAIRS_END"] + 4 == at["start"]


def test_thumb_block_ends_follow_the_start_branch():
    for name in ("byte_rows", "pairs"):
        numbers = constants("rows")
        lines = SOURCES[name].split("def add(")[1].split("    label(")[0]
        branches = re.findall(r"    b\((\w+)\)", lines)
        assert branches[numbers["ANY_END"] // 2] == "block_end"
        assert branches[numbers["SHORT_END"] // 2] == "short_end"
        assert branches[0] == "start"


def test_thumb_kernel_is_packaged_and_refused_on_cpython():
    files = {f"spikert/kernels/thumb/{name}.py" for name in MODULES}
    assert files | {"spikert/kernels/thumb/__init__.py"} <= set(installation.runtime_files())
    with pytest.raises(ImportError):
        kernels.load("thumb")
