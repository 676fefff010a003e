"""Which board is attached: what interpreters say identifies it, USB ids that others share do not."""

import pytest

from spikelet.boards import catalogue, identify, interpreter
from spikelet.boards.interpreter import Interpreter
from spikelet.errors import SpikeletError

MICROPYTHON, CIRCUITPYTHON = "micropython", "circuitpython"
PICOS = (0x2E8A, 0x0005)


def names(identity: identify.Identity) -> list[str]:
    return [board.name for board in identity.boards]


@pytest.mark.parametrize("board", catalogue.every(), ids=lambda board: board.name)
def test_every_board_is_found_by_what_its_interpreters_say(board):
    for runtime in board.runtimes.values():
        texts = runtime.machine
        if runtime.name == CIRCUITPYTHON and runtime.firmware:
            texts = (runtime.firmware,)
        for said in texts:
            found = identify.identify(runtime.name, said)
            assert board.name in names(found)
            assert found.certain == (not runtime.firmware_shared)


@pytest.mark.parametrize(
    ("runtime", "said", "name"),
    [
        (MICROPYTHON, "Raspberry Pi Pico with RP2040", "pico"),
        (MICROPYTHON, "Raspberry Pi Pico W with RP2040", "pico-w"),
        (MICROPYTHON, "Raspberry Pi Pico2 with RP2350", "pico2"),
        (CIRCUITPYTHON, "raspberry_pi_pico", "pico"),
        (CIRCUITPYTHON, "feather_bluefruit_sense", "feather-nrf52840-sense"),
    ],
)
def test_one_board_says_it(runtime, said, name):
    found = identify.identify(runtime, said, PICOS)
    assert (names(found), found.certain, str(found)) == ([name], True, name)


def test_older_versions_spell_chips_without_hyphens():
    found = identify.identify(MICROPYTHON, "ESP32C3 module with ESP32C3")
    assert names(found) == ["esp32-c3"]


def test_generic_firmware_identifies_nothing_and_usb_ids_tell_apart():
    said = "Generic ESP32 module with ESP32"
    found = identify.identify(MICROPYTHON, said)
    assert (names(found), found.certain) == (["esp32-devkit", "m5stickc-plus"], False)
    assert str(found) == "one of esp32-devkit, m5stickc-plus, or another"
    found = identify.identify(MICROPYTHON, said, (0x0403, 0x6001))
    assert (names(found), found.certain) == (["m5stickc-plus"], False)
    assert str(found) == "perhaps m5stickc-plus"


def test_what_the_interpreter_says_outweighs_usb_ids():
    found = identify.identify(MICROPYTHON, "WeAct Studio RP2040 with RP2040", PICOS)
    assert (names(found), found.certain, str(found)) == ([], False, "an unknown board")


def test_usb_ids_alone_are_a_guess_where_they_are_shared():
    found = identify.by_usb(PICOS)
    assert (names(found), found.certain) == (["pico", "pico-w", "pico2"], False)
    found = identify.by_usb((0x0D28, 0x0204))
    assert (names(found), found.certain) == (["microbit-v2"], False)
    found = identify.by_usb((0x239A, 0x80F2))
    assert (names(found), found.certain) == (["feather-rp2040"], True)
    assert names(identify.by_usb((1, 2))) == []


def test_an_interpreter_that_says_nothing_leaves_the_usb_ids():
    assert len(names(identify.identify(MICROPYTHON, "", PICOS))) == 3
    assert names(identify.identify(MICROPYTHON, "")) == []


def asked(runtime: str, board_id: str) -> Interpreter:
    return Interpreter(runtime, machine="what it calls itself", board_id=board_id)


def test_a_board_other_than_the_one_that_was_meant_is_refused():
    pico = asked(MICROPYTHON, "Raspberry Pi Pico with RP2040")
    interpreter.check_board(pico, "pico", "/dev/ttyACM0")
    for name in ("pico-w", "pico2", "esp32-devkit", "virtual"):
        with pytest.raises(SpikeletError, match=f"at /dev/ttyACM0 says that it is .*, not {name};"):
            interpreter.check_board(pico, name, "/dev/ttyACM0")
    interpreter.check_board(asked(CIRCUITPYTHON, "m5stack_stick_c_plus"), "m5stickc-plus", "COM3")
    interpreter.check_board(asked("cpython", ""), "virtual", "virtual")


def test_generic_firmware_may_be_any_of_its_boards():
    generic = asked(MICROPYTHON, "Generic ESP32 module with ESP32")
    interpreter.check_board(generic, "m5stickc-plus", "COM3")
    interpreter.check_board(generic, "esp32-devkit", "COM3")
    with pytest.raises(SpikeletError, match="not esp32-c3"):
        interpreter.check_board(generic, "esp32-c3", "COM3")
