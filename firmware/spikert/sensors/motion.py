"""Read acceleration and rotation, raw as in a chip's registers.

    i2c         dict, see spikert.hardware
    address     int, of the chip; by default its possible addresses are tried in turn
    channels    3 for acceleration (ax, ay, az); 6 with rotation (gx, gy, gz), if the chip measures it
    g           2, 4, 8 or 16: range of acceleration, 4 by default
    dps         250, 500, 1000 or 2000: range of rotation in degrees a second, 500 by default

chips/NAME.py defines the unit of a reading, with the source of the chip's registers. Chips are read
through their registers on all interpreters. Their vendors' drivers return floats in m/s2 and allocate
memory for each reading; driver.py uses them.
"""

import spikert
from spikert import compat
from spikert.compat import const
from spikert.sensors import Nonsense, one_of

SETTINGS = ("i2c", "address", "channels", "g", "dps")
NAMES = ("ax", "ay", "az", "gx", "gy", "gz")
# Ranges without settings, in g and in degrees a second; the host imports them.
G = const(4)
DPS = const(500)
# Readings in a row without information; a chip measures at least as often as it is read.
SILENT = 64
# Milliseconds to the first measurement; gyroscopes take 100 to start.
PATIENCE = 250


class Sensor:
    """An accelerometer or inertial unit on I2C; see the package's docstring."""

    def __init__(self, settings):
        from spikert.sensors import chips

        chip = chips.load(settings["sensor"])
        has = len(chip.PLACES)
        self.channels = one_of(settings, "channels", 3, (3, 6)[: has // 3])
        g = one_of(settings, "g", G, (2, 4, 8, 16))
        dps = one_of(settings, "dps", DPS, (250, 500, 1000, 2000))
        self.names = NAMES[: self.channels]
        self.places = chip.PLACES[: self.channels]
        self.low, self.high = (1, 0) if chip.BIG_ENDIAN else (0, 1)
        self.register, self.ready, self.silent = chip.BLOCK, chip.READY, 0
        self.block = bytearray(max(self.places) + 2)
        setup = chip.setup(settings, g, dps if self.channels == 6 else 0)
        self.bus = compat.hardware("i2c").Bus(settings.get("i2c", {}))
        try:
            self.address = chips.find(self.bus, settings, chip)
            for register, value in setup:
                self.bus.write(self.address, register, value)
                # A chip needs some time to wake.
                compat.sleep_ms(1)
            self._wait()
        except BaseException:
            self.close()
            raise
        del chip, chips, setup
        spikert.unload("sensors.chips")

    def read(self, buffer):
        """Write the newest measurement into array('h')[channels].

        Raises
        ------
        Nonsense
            If SILENT readings in a row were no new measurement, or only 0 or -1, as of a chip that
            has lost its settings.
        OSError
            If the chip does not answer.
        """
        block, low, high = self.block, self.low, self.high
        self.bus.read_into(self.address, self.register, block)
        i = any_set = 0
        all_set = -1
        for place in self.places:
            value = block[place + low] | block[place + high] << 8
            value -= (value & 0x8000) << 1
            all_set &= value
            any_set |= value
            buffer[i] = value
            i += 1
        if block[0] & self.ready and any_set and ~all_set:
            self.silent = 0
            return
        self.silent += 1
        if self.silent >= SILENT:
            raise Nonsense("%d readings in a row without a new measurement" % self.silent)

    def close(self):
        """Release the bus."""
        self.bus.close()

    def _wait(self):
        """Wait for the first measurement, and leave it for the first reading."""
        status = bytearray(1)
        for _ in range(PATIENCE):
            compat.sleep_ms(1)
            self.bus.read_into(self.address, self.register, status)
            if status[0] & self.ready:
                return
        raise Nonsense("no measurement in %d ms" % PATIENCE)
