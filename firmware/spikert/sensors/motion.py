"""Motion: acceleration, and turning where a chip measures it, raw as its registers hold it.

    i2c         dict, see spikert.hardware
    address     int, of the chip; if not given, the addresses it can have are tried in turn
    channels    3 for acceleration (ax, ay, az); 6 with turning (gx, gy, gz), where the chip has it
    g           2, 4, 8 or 16: what acceleration it measures to, 4 if not given
    dps         250, 500, 1000 or 2000: what degrees a second, 500 if not given

What a unit means stands in chips/NAME.py, a chip's registers with their source. Chips are read through
their registers on all interpreters; their vendors' drivers, which return floats in m/s2 and take memory
for each reading, are used where driver.py is asked for.
"""

import spikert
from spikert import compat
from spikert.sensors import Nonsense, one_of

SETTINGS = ("i2c", "address", "channels", "g", "dps")
NAMES = ("ax", "ay", "az", "gx", "gy", "gz")
SILENT = 64  # readings in a row that say nothing; a chip measures at least as often as it is read
PATIENCE = 250  # milliseconds to the first measurement; gyroscopes take 100 to start


class Sensor:
    """An accelerometer or inertial unit on I2C; see the package's docstring."""

    def __init__(self, settings):
        from spikert.sensors import chips

        chip = chips.load(settings["sensor"])
        has = len(chip.PLACES)
        self.channels = one_of(settings, "channels", 3, (3, 6)[: has // 3])
        g = one_of(settings, "g", 4, (2, 4, 8, 16))
        dps = one_of(settings, "dps", 500, (250, 500, 1000, 2000))
        self.names = NAMES[: self.channels]
        self.places = chip.PLACES[: self.channels]
        self.low, self.high = (1, 0) if chip.BIG_ENDIAN else (0, 1)
        self.register, self.ready, self.silent = chip.BLOCK, chip.READY, 0
        self.block = bytearray(max(self.places) + 2)
        wanted = chip.setup(settings, g, dps if self.channels == 6 else 0)
        self.bus = compat.hardware("i2c").Bus(settings.get("i2c", {}))
        try:
            self.address = chips.find(self.bus, settings, chip)
            for register, value in wanted:
                self.bus.write(self.address, register, value)
                compat.sleep_ms(1)  # a chip that wakes takes its time
            self._wait()
        except BaseException:
            self.close()
            raise
        del chip, chips, wanted
        spikert.unload("sensors.chips")

    def read(self, buffer):
        """Put the newest measurement into array('h')[channels].

        Raises Nonsense when SILENT readings in a row held no new measurement, or nothing but 0 or -1, as
        of a chip that has lost its settings; OSError when it does not answer.
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
        """Give the bus back."""
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
