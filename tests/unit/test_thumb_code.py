"""The thumb kernel's assembler: what its modules all say, and the distances they count on."""

import re
from pathlib import Path

import pytest

from spikelet import installation
from spikert import kernels
from spikert.loops import scores_plain

FOLDER = Path(kernels.__file__).parent
MODULES = ("rows", "bytes", "pairs", "hold", "fire", "chain", "build")
SOURCES = {name: (FOLDER / f"thumb_{name}.py").read_text() for name in MODULES}
OF_CODE = ("SHORT", "NUMBERS")  # what stands among a block's fields and is none


def constants(name: str, start: str = "[A-Z_]") -> dict[str, int]:
    """Return the constants of a module that begin so, without an underscore before them."""
    pattern = rf"^(?={start})_?([A-Z_0-9]+) = const\((\w+)\)"
    found = re.findall(pattern, SOURCES[name], re.MULTILINE)
    return {constant: int(number, 0) for constant, number in found}


def fields() -> dict[str, int]:
    """Return the offsets in `block`, which two modules share out among them."""
    of_rows, of_fire = constants("rows", "[A-Z]"), constants("fire", "[A-Z]")
    found = of_rows | of_fire
    return {name: number for name, number in found.items() if name not in OF_CODE}


def places(module: str) -> dict[str, int]:
    """Return how many bytes behind its first branch, a call, each label of `add` stands."""
    body = SOURCES[module].split("def add(")[1]
    at, found = -4, {}
    for line in re.findall(r"^    (\w+\(.*?\))(?:  #.*)?$", body, re.MULTILINE):
        if line.startswith("label("):
            found[line[6:-1]] = at
        else:
            at += 4 if line.startswith("bl(") else 2
    return found


def test_all_modules_mean_the_same_by_a_name():
    instructions = {}
    for name in MODULES:
        for constant, number in constants(name, "_").items():
            meant = fields().get(constant, instructions.setdefault(constant, number))
            assert number == meant, f"{constant} in thumb_{name}.py"
    assert {"LDMIA", "STMIA", "BLX", "SXTH"} <= instructions.keys()


def test_a_chain_reads_scores_where_the_loops_write_them():
    found = constants("chain", "_")
    for name in ("CLASSES", "AT", "SEEN"):
        assert found[f"SCORES_{name}"] == 4 * getattr(scores_plain, f"_{name}")
    assert found["SCORES_BEGIN"] == scores_plain._SCORES


def test_every_number_of_a_block_has_its_own_place():
    assert sorted(fields().values()) == list(range(0, 4 * constants("fire")["NUMBERS"], 4))
    chain = constants("chain", "[A-Z]")
    length = chain.pop("LENGTH")
    assert sorted(chain.values()) == list(range(0, 4 * length, 4))


def test_loads_reach_the_numbers_they_name():
    for name, source in SOURCES.items():
        offsets = fields() | constants("chain", "[A-Z]") | constants(name, "_")
        loads = re.findall(r"(?:ldr|str)\(r\d, \[r\d, _?([A-Z_]+)(?: - (\d+))?\]\)", source)
        assert loads or name in ("rows", "build")
        for field, less in loads:
            assert 0 <= offsets[field] - int(less or 0) <= 124, f"{field} in thumb_{name}.py"


def test_code_of_rows_is_as_long_as_is_said():
    at, numbers = places("bytes"), constants("bytes", "[A-Z]")
    jump, first, row, split = 4, 6, numbers["SPLIT_ROW"], 26
    assert numbers["EIGHT_HEAD"] == at["eight"]
    begin = at["eight"] + 8 + jump
    assert numbers["EIGHT_END"] == begin + numbers["EIGHT_GROUP"] * numbers["EIGHT_ROW"]
    assert numbers["EIGHT_END"] + 2 == at["fours"]  # behind the jump to the next group
    begin = at["fours"] + jump + first
    assert numbers["FOURS_HEAD"] == at["fours"]
    assert numbers["FOURS_SPLIT"] == split + first - row
    rows = numbers["MOST_GROUP"]
    assert numbers["FOURS_END"] == begin + rows * row + (rows - 1) // 4 * numbers["FOURS_SPLIT"]
    assert numbers["FOURS_END"] - row + split + first + jump == at["split"]
    assert numbers["SPLIT_HEAD"] == at["split"]
    assert numbers["SPLIT_END"] == at["split"] + jump + first + rows * row
    assert numbers["SPLIT_END"] - row + split + first + jump == at["start"]


def test_code_of_pairs_is_as_long_as_is_said():
    at, numbers = places("pairs"), constants("pairs", "[A-Z]")
    assert numbers["HEAD"] == at["group"]
    assert numbers["END"] == at["group"] + 4 + numbers["GROUP"] * numbers["ROW"]
    assert numbers["END"] + 4 == at["start"]


def test_what_ends_a_block_comes_behind_the_start():
    for name in ("bytes", "pairs"):
        numbers = constants(name, "[A-Z]")
        lines = SOURCES[name].split("def add(")[1].split("    label(")[0]
        branches = re.findall(r"    b\((\w+)\)", lines)
        assert branches[numbers["ANY_END"] // 2] == "block_end"
        assert branches[numbers["SHORT_END"] // 2] == "short_end"
        assert branches[0] == "start"


def test_the_kernel_goes_to_the_board_and_does_not_load_here():
    files = {f"spikert/kernels/thumb_{name}.py" for name in MODULES}
    assert files | {"spikert/kernels/thumb.py"} <= set(installation.runtime_files())
    with pytest.raises(ImportError):
        kernels.load("thumb")
