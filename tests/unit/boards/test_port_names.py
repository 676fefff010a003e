"""A port that cannot be opened: one plain reason, and the names that are near."""

import pytest
import serial

from spikelet.boards import port_names, resolve
from spikelet.errors import BoardError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            serial.SerialException(2, "could not open port x: [Errno 2] No such file: 'x'"),
            "there is no such port",
        ),
        (
            serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'The')"),
            "there is no such port",
        ),
        (serial.SerialException("Could not open port: [Errno 111] refused"), "connection refused"),
        (serial.SerialException(25, "Could not configure port: (25, 'x')"), "it is no serial port"),
        (ValueError("invalid URL, protocol 'x' not known"), "it is no serial port"),
        (serial.SerialException("odd"), "odd"),
    ],
)
def test_reason_is_plain(error, reason):
    assert port_names.reason(error) == reason


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Virtual", "near to it: virtual"),
        ("virtal ", "near to it: virtual"),
        ("qemu m3", "near to it: qemu:m3"),
        ("/dev/ttyACM1", "near to it: /dev/ttyACM0"),
        ("COM3", "attached boards: /dev/ttyACM0; without hardware: virtual"),
    ],
)
def test_near_names(name, words):
    assert port_names.near(name, ["qemu:m3"], ["/dev/ttyACM0"]).startswith(words)


@pytest.mark.parametrize(
    ("spelling", "words"),
    [
        ("", "--port names no port"),
        ("id:", "id: names no port"),
        ("qemu:m4", "no emulated board is called qemu:m4; there are: qemu:m0, qemu:m3"),
    ],
)
def test_resolve_refuses_name_without_board(spelling, words):
    with pytest.raises(BoardError, match=words):
        resolve.resolve(spelling)


@pytest.mark.parametrize("name", ["Virtual", "odd://port", "nothing/here"])
def test_flash_to_missing_port_is_one_sentence(spikelet, tmp_path, name):
    status, out, err = spikelet("doctor", "--port", name)
    assert (status, err) == (3, "")
    assert f"{name} cannot be opened: " in out
    assert "Errno" not in out
