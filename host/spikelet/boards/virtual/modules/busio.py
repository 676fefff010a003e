"""Replace the part of CircuitPython's `busio` that the firmware uses: the I2C bus of `wiring`."""

import errno
import sys

import pins_in_use
from microcontroller import Pin
from wiring import Device, wired


class I2C:
    """The bus on the pins SCL and SDA; as on a board, transfers need its lock."""

    def __init__(self, scl: Pin, sda: Pin, *, frequency: int = 100000, timeout: int = 255) -> None:
        if (pins_in_use.name(scl), pins_in_use.name(sda)) != ("SCL", "SDA"):
            raise ValueError("Invalid pins")
        pins_in_use.take(scl, sda)
        self._pins, self._locked, self.deinited = (scl, sda), False, False

    def deinit(self) -> None:
        """Release the pins."""
        if not self.deinited:
            pins_in_use.give_back(*self._pins)
        self.deinited = True

    def probe(self, address: int) -> bool:
        """Return whether a device answers at an address."""
        self._check()
        return wired.device(address) is not None

    def scan(self) -> list[int]:
        """Return the addresses of the devices that answer."""
        self._check()
        return sorted(wired.look().i2c)

    def try_lock(self) -> bool:
        """Lock the bus; return whether it was free."""
        self._check_open()
        was_free, self._locked = not self._locked, True
        return was_free

    def unlock(self) -> None:
        """Unlock the bus."""
        self._check_open()
        self._locked = False

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int = sys.maxsize
    ) -> None:
        """Raise NotImplementedError, because the firmware reads only from registers."""
        raise NotImplementedError("the virtual board reads registers: writeto_then_readfrom")

    def writeto(
        self, address: int, buffer: bytes, *, start: int = 0, end: int = sys.maxsize
    ) -> None:
        """Write a register's number, and bytes to this register and the next ones."""
        device, data = self._device(address), bytes(buffer)[start:end]
        if data:
            device.write(data[0], data[1:])

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int = sys.maxsize,
        in_start: int = 0,
        in_end: int = sys.maxsize,
    ) -> None:
        """Write a register's number, then read from this register on."""
        device = self._device(address)
        register = bytes(out_buffer)[out_start:out_end]
        if len(register) != 1:
            raise NotImplementedError("the virtual board's chips have registers of one byte")
        view = memoryview(in_buffer)[in_start:in_end]
        view[:] = device.read(register[0], len(view))

    def _device(self, address: int) -> Device:
        self._check()
        device = wired.device(address)
        if device is None:
            raise OSError(errno.ENODEV, "No such device")
        return device

    def _check(self) -> None:
        self._check_open()
        if not self._locked:
            raise RuntimeError("Function requires lock")

    def _check_open(self) -> None:
        if self.deinited:
            raise ValueError(pins_in_use.GONE)
