# Read sensors without hardware on every interpreter, and print the errors of the others.
# Run with the folder of the firmware and a recording of i16[samples, 3] as arguments.
import sys

sys.path.insert(0, sys.argv[1])

from array import array

from spikert import sensors
from spikert.sensors import chips


def tell(settings):
    try:
        sensor = sensors.open(settings)
    except OSError as error:
        print(settings.get("sensor"), "OSError", error.errno)
        return None
    except ValueError as error:
        print(settings.get("sensor"), "ValueError", str(error).rpartition("no module")[2])
        return None
    print(settings["sensor"], sensor.channels, sensor.names)
    return sensor


sensor = tell({"sensor": "replay", "file": sys.argv[2], "channels": 3, "rate": 100})
buffer = array("h", bytes(6))
for _ in range(25):
    sensor.read(buffer)
    print(list(buffer))
sensor.close()

tell({"sensor": "replay", "file": sys.argv[2] + ".not", "channels": 3})
tell({"sensor": "replay", "file": sys.argv[2], "channels": 7})
tell({"sensor": "replay", "file": sys.argv[2], "channels": "3"})
tell({"sensor": "nose"})
tell({"sensor": "adc", "pins": []})
tell({"sensor": "adc", "pin": 1})
# All families can be compiled.
for _, family in sensors.KNOWN:
    __import__("spikert.sensors." + family)
for name in ("mpu6050", "lsm6ds", "lsm9ds1", "adxl345", "lis3dh"):
    chip = chips.load(name)
    print(name, chip.setup({"sensor": name, "rate": 150}, 8, 500 * (len(chip.PLACES) == 6)))
print(type(sensors.Nonsense("what cannot be")).__name__, sensors.Nonsense("what cannot be"))

for settings in (
    {"sensor": "adc", "pins": [1]},
    {"sensor": "mpu6050"},
    {"sensor": "touch", "pins": [1]},
):
    try:
        sensors.open(settings)
        print("opened")
    except ValueError as error:
        print(settings["sensor"], " has no " in str(error))


class Registers:
    def __init__(self, registers):
        self.registers = registers

    def read_into(self, address, register, buffer):
        for i in range(len(buffer)):
            buffer[i] = self.registers[register + i & 255]


sensor = tell({"sensor": "demo", "motion": ["wave", "rest"], "take": 65530})
for k in range(1010):
    sensor.read(buffer)
    if k % 9 == 0:
        print(list(buffer))

bosch = chips.load("bme280")
trimming = bosch.Trimming(Registers([(i * 37 + 11) & 127 for i in range(256)]), 0x76, True)
for adc in (300000, 400000, 519888, 600000):
    print(trimming.temperature(adc), trimming.pressure(adc - 90000), trimming.humidity(adc >> 5))
