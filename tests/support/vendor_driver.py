"""A vendor's driver of an accelerometer: floats in m/s2, its own exceptions."""

SOURCE = '''
"""An MPU-6050, through a bus of either interpreter."""

G = 9.80665


class MPU6050:
    def __init__(self, bus, address=0x68):
        self.bus, self.address = bus, address
        if self._read(0x75, 1)[0] != 0x68:
            raise RuntimeError("no MPU6050 found")
        self._write(0x6B, 0)

    @property
    def acceleration(self):
        data = self._read(0x3A, 7)
        return tuple([_signed(data, at) / 8192 * G for at in (1, 3, 5)])

    def turning(self):
        data = self._read(0x43, 6)
        return [_signed(data, at) / 65.5 for at in (0, 2, 4)]

    @property
    def level(self):
        return _signed(self._read(0x3B, 2), 0) / 2

    def _read(self, register, size):
        if hasattr(self.bus, "readfrom_mem"):
            return self.bus.readfrom_mem(self.address, register, size)
        data = bytearray(size)
        self._locked()
        try:
            self.bus.writeto_then_readfrom(self.address, bytes([register]), data)
        finally:
            self.bus.unlock()
        return data

    def _write(self, register, value):
        if hasattr(self.bus, "writeto_mem"):
            self.bus.writeto_mem(self.address, register, bytes([value]))
            return
        self._locked()
        try:
            self.bus.writeto(self.address, bytes([register, value]))
        finally:
            self.bus.unlock()

    def _locked(self):
        while not self.bus.try_lock():
            pass


class Moody:
    """Gives what `says` has, one after the other."""

    says = []

    def __init__(self, bus):
        self.left = list(self.says)

    @property
    def mood(self):
        value = self.left.pop(0)
        if isinstance(value, Exception):
            raise value
        return value


def _signed(data, at):
    value = data[at] << 8 | data[at + 1]
    return value - ((value & 0x8000) << 1)
'''
# m/s2 per unit of the chip at 4 g.
UNIT = 9.80665 / 8192


def put(folder):
    """Write the driver into a folder as a module; return the module's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vendor_mpu.py"
    path.write_text(SOURCE)
    return path
