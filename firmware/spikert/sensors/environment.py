"""Weather: temperature, pressure and, of a BME280, humidity, as int16.

    i2c         dict, see spikert.hardware
    address     int, of the chip; if not given, 0x76 and 0x77 are tried

temperature    hundredths of a degree Celsius
pressure       2 Pa from 70,000 Pa on: pascals are 70000 + 2 * reading. So all that the chip measures,
               30,000 to 110,000 Pa, is -20,000..20,000, and a unit is 17 cm of height near the sea
humidity       hundredths of a percent

Readings are made of the chip's converters by the formulas of chips/bme280.py, whose products need more
than a board's small integers: each takes some hundred bytes of memory.
"""

from spikert import compat
from spikert.sensors import Nonsense, chips, rate

SETTINGS = ("i2c", "address")
NAMES = ("temperature", "pressure", "humidity")
FASTEST = 100  # readings a second: a measurement takes up to 9.3 ms
FIRST = 20  # milliseconds after which the first one is there
COLDEST, HOTTEST = -4000, 8500  # hundredths of a degree, what the chip measures
LEAST, MOST = 30_000, 110_000  # pascals
SEA = 70_000  # pascals that are a reading of 0


class Sensor:
    """A BME280 or BMP280; see the package's docstring."""

    def __init__(self, settings):
        rate(settings, FASTEST)
        humid = settings["sensor"] == "bme280"
        self.chip = chip = chips.load("bme280")
        self.channels = 3 if humid else 2
        self.names = NAMES[: self.channels]
        self.block = bytearray(8 if humid else 6)
        self.bus = compat.hardware("i2c").Bus(settings.get("i2c", {}))
        try:
            wanted = chip.IDENTITIES[:1] if humid else chip.IDENTITIES
            self.address = chips.find(self.bus, settings, chip, wanted)
            self.trimming = chip.Trimming(self.bus, self.address, humid)
            for register, value in chip.SETUP:
                self.bus.write(self.address, register, value)
            compat.sleep_ms(FIRST)
        except BaseException:
            self.close()
            raise

    def read(self, buffer):
        """Put the newest measurement into array('h')[channels].

        Raises Nonsense for one that the chip cannot make, as of one that has lost its settings.
        """
        block, trimming = self.block, self.trimming
        self.bus.read_into(self.address, self.chip.DATA, block)
        pressure, temperature = _value(block, 0), _value(block, 3)
        if pressure == temperature == self.chip.SKIPPED:
            raise Nonsense("it measures nothing")
        temperature = trimming.temperature(temperature)
        pressure = trimming.pressure(pressure)
        if not COLDEST <= temperature <= HOTTEST or not LEAST <= pressure <= MOST:
            raise Nonsense("%d hundredths of a degree, %d Pa" % (temperature, pressure))
        buffer[0] = temperature
        buffer[1] = (pressure - SEA) >> 1
        if self.channels == 3:
            buffer[2] = (trimming.humidity(block[6] << 8 | block[7]) * 100) >> 10

    def close(self):
        """Give the bus back."""
        self.bus.close()


def _value(block, start):
    """Return a converter's 20 bits."""
    return block[start] << 12 | block[start + 1] << 4 | block[start + 2] >> 4
