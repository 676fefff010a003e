"""Test the identification of boards by interpreters and by USB ids."""

import pytest

from spikelet.boards import catalogue, identify, interpreter
from spikelet.boards.interpreter import Interpreter
from spikelet.errors import SpikeletError

MICROPYTHON, CIRCUITPYTHON = "micropython", "circuitpython"
PICOS = (0x2E8A, 0x0005)


def names(identity: identify.Identity) -> list[str]:
    return [board.name for board in identity.boards]


@pytest.mark.parametrize("board", catalogue.every(), ids=lambda board: board.name)
def test_identify_every_board_by_interpreter(board):
    for runtime in board.runtimes.values():
        texts = runtime.machine
        if runtime.name == CIRCUITPYTHON and runtime.firmware:
            texts = (runtime.firmware,)
        for board_name in texts:
            identity = identify.identify(runtime.name, board_name)
            assert board.name in names(identity)
            assert identity.certain == (not runtime.firmware_shared)


@pytest.mark.parametrize(
    ("runtime", "board_name", "name"),
    [
        (MICROPYTHON, "Raspberry Pi Pico with RP2040", "pico"),
        (MICROPYTHON, "Raspberry Pi Pico W with RP2040", "pico-w"),
        (MICROPYTHON, "Raspberry Pi Pico2 with RP2350", "pico2"),
        (CIRCUITPYTHON, "raspberry_pi_pico", "pico"),
        (CIRCUITPYTHON, "feather_bluefruit_sense", "feather-nrf52840-sense"),
    ],
)
def test_identify_unique_name_is_certain(runtime, board_name, name):
    identity = identify.identify(runtime, board_name, PICOS)
    assert (names(identity), identity.certain, str(identity)) == ([name], True, name)


def test_identify_ignores_hyphens_of_older_versions():
    identity = identify.identify(MICROPYTHON, "ESP32C3 module with ESP32C3")
    assert names(identity) == ["esp32-c3"]


def test_identify_generic_firmware_by_usb_ids():
    board_name = "Generic ESP32 module with ESP32"
    identity = identify.identify(MICROPYTHON, board_name)
    assert (names(identity), identity.certain) == (["esp32-devkit", "m5stickc-plus"], False)
    assert str(identity) == "one of esp32-devkit, m5stickc-plus, or another"
    identity = identify.identify(MICROPYTHON, board_name, (0x0403, 0x6001))
    assert (names(identity), identity.certain) == (["m5stickc-plus"], False)
    assert str(identity) == "perhaps m5stickc-plus"


def test_identify_prefers_interpreter_to_usb_ids():
    identity = identify.identify(MICROPYTHON, "WeAct Studio RP2040 with RP2040", PICOS)
    assert (names(identity), identity.certain, str(identity)) == ([], False, "an unknown board")


def test_by_usb_shared_ids_are_uncertain():
    identity = identify.by_usb(PICOS)
    assert (names(identity), identity.certain) == (["pico", "pico-w", "pico2"], False)
    identity = identify.by_usb((0x0D28, 0x0204))
    assert (names(identity), identity.certain) == (["microbit-v2"], False)
    identity = identify.by_usb((0x239A, 0x80F2))
    assert (names(identity), identity.certain) == (["feather-rp2040"], True)
    assert names(identify.by_usb((1, 2))) == []


def test_identify_without_name_uses_usb_ids():
    assert len(names(identify.identify(MICROPYTHON, "", PICOS))) == 3
    assert names(identify.identify(MICROPYTHON, "")) == []


def interpreter_on(runtime: str, board_id: str) -> Interpreter:
    return Interpreter(runtime, machine="its name", board_id=board_id)


def test_check_board_refuses_other_board():
    pico = interpreter_on(MICROPYTHON, "Raspberry Pi Pico with RP2040")
    interpreter.check_board(pico, "pico", "/dev/ttyACM0")
    for name in ("pico-w", "pico2", "esp32-devkit", "virtual"):
        with pytest.raises(SpikeletError, match=f"at /dev/ttyACM0 says that it is .*, not {name};"):
            interpreter.check_board(pico, name, "/dev/ttyACM0")
    interpreter.check_board(
        interpreter_on(CIRCUITPYTHON, "m5stack_stick_c_plus"), "m5stickc-plus", "COM3"
    )
    interpreter.check_board(interpreter_on("cpython", ""), "virtual", "virtual")


def test_check_board_accepts_generic_firmware():
    generic = interpreter_on(MICROPYTHON, "Generic ESP32 module with ESP32")
    interpreter.check_board(generic, "m5stickc-plus", "COM3")
    interpreter.check_board(generic, "esp32-devkit", "COM3")
    with pytest.raises(SpikeletError, match="not esp32-c3"):
        interpreter.check_board(generic, "esp32-c3", "COM3")
