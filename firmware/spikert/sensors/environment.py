"""Read the weather: temperature, pressure and, with a BME280, humidity, as int16.

    i2c         dict, see spikert.hardware
    address     int, of the chip; 0x76, then 0x77 by default

temperature    hundredths of a degree Celsius
pressure       2 Pa, from 70,000 Pa on: pascals are 70000 + 2 * reading. So the whole range of the chip,
               30,000 to 110,000 Pa, is -20,000..20,000. A unit is 17 cm of height near the sea
humidity       hundredths of a percent

chips/bme280.py computes the readings from the chip's converters. Its products exceed a board's small
integers, so each reading allocates some hundred bytes of memory.
"""

from spikert import compat
from spikert.sensors import Nonsense, chips, rate

SETTINGS = ("i2c", "address")
NAMES = ("temperature", "pressure", "humidity")
# Readings a second: a measurement takes up to 9.3 ms.
FASTEST = 100
# Milliseconds to the first measurement.
FIRST = 20
# The range of the chip, in hundredths of a degree.
COLDEST, HOTTEST = -4000, 8500
# The range of the chip, in pascals.
LEAST, MOST = 30_000, 110_000
# Pascals of a reading of 0.
SEA = 70_000


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
            ids = chip.IDENTITIES[:1] if humid else chip.IDENTITIES
            self.address = chips.find(self.bus, settings, chip, ids)
            self.trimming = chip.Trimming(self.bus, self.address, humid)
            for register, value in chip.SETUP:
                self.bus.write(self.address, register, value)
            compat.sleep_ms(FIRST)
        except BaseException:
            self.close()
            raise

    def read(self, buffer):
        """Write the newest measurement into array('h')[channels].

        Raises
        ------
        Nonsense
            If the chip cannot make such a measurement, for example because it has lost its settings.
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
        """Release the bus."""
        self.bus.close()


def _value(block, start):
    """Return a converter's 20 bits."""
    return block[start] << 12 | block[start + 1] << 4 | block[start + 2] >> 4
