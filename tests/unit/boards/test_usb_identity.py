"""A board that was unplugged is known again by its USB serial number, whatever its port is called."""

from types import SimpleNamespace

import pytest
from unplugged_board import NamedPort

from spikelet.boards import usb_identity
from spikelet.boards.serial_port import SerialPort
from spikelet.boards.usb_identity import Sameness
from spikelet.errors import NotThere


def usb(device, serial_number, interface=None, vid=0x2E8A, pid=0x0005):
    return SimpleNamespace(
        device=device, serial_number=serial_number, interface=interface, vid=vid, pid=pid
    )


@pytest.fixture
def attached(monkeypatch):
    """Return the list of ports that the system tells of."""
    found = []
    monkeypatch.setattr(usb_identity.list_ports, "comports", lambda: list(found))
    return found


def test_the_same_board_under_another_name(attached):
    attached += [usb("/dev/ttyACM0", "E66"), usb("/dev/ttyACM1", "F77")]
    known = Sameness(SerialPort("/dev/ttyACM0"))
    attached[:] = [usb("/dev/ttyACM1", "F77"), usb("/dev/ttyACM2", "E66")]
    assert known.find(SerialPort("/dev/ttyACM0")).name == "/dev/ttyACM2"


def test_another_board_under_the_same_name_is_not_taken_for_it(attached):
    attached += [usb("/dev/ttyACM0", "E66")]
    port = SerialPort("/dev/ttyACM0")
    known = Sameness(port)
    attached[:] = [usb("/dev/ttyACM0", "F77")]
    with pytest.raises(NotThere, match="/dev/ttyACM0 is not plugged in"):
        known.find(port)
    attached.append(usb("/dev/ttyACM1", "E66", pid=0x000B))  # its bootloader, say
    with pytest.raises(NotThere):
        known.find(port)


def test_the_name_that_stayed_is_kept_and_of_two_interfaces_the_same(attached):
    both = [usb("/dev/ttyACM1", "E66", "data"), usb("/dev/ttyACM0", "E66", "console")]
    attached += both
    port = SerialPort("/dev/ttyACM1")
    known = Sameness(port)
    assert known.find(port) is port
    attached[:] = [usb("/dev/ttyACM5", "E66", "console"), usb("/dev/ttyACM6", "E66", "data")]
    assert known.find(port).name == "/dev/ttyACM6"


@pytest.mark.parametrize(
    "port", [NamedPort(), SerialPort("/dev/ttyS0"), SerialPort("/dev/ttyUSB0")]
)
def test_without_a_serial_number_it_is_where_it_was(attached, port):
    attached += [usb("/dev/ttyUSB0", None)]
    known = Sameness(port)
    attached.clear()
    assert known.find(port) is port
