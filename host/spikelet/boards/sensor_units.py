"""Units of the readings of each sensor, and the number of channels of those that have always the same.

Source: the datasheets that firmware/spikert/sensors/chips names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikert.sensors import motion

CHANNELS = {"bme280": 3, "bmp280": 2, "pdm": 1, "i2s": 1, "demo": 3}
"""Number of channels of the sensors that have always the same."""

_WEATHER = ("0.01 degree C", "2 Pa above 70000 Pa", "0.01 %")
# Thousandths of a g in each range; lis3dh has 12 bits, in the upper ones of 16.
_MILLI_G = {
    "lsm6ds": {2: 0.061, 4: 0.122, 8: 0.244, 16: 0.488},
    "lsm9ds1": {2: 0.061, 4: 0.122, 8: 0.244, 16: 0.732},
    "lis3dh": {2: 1 / 16, 4: 1 / 8, 8: 1 / 4, 16: 3 / 4},
    "adxl345": dict.fromkeys((2, 4, 8, 16), 3.90625),
}
# Thousandths of a degree a second in the range of 250.
_MILLI_DPS = {"lsm6ds": 8.75, "lsm9ds1": 8.75}
_FULL_SCALE = 32768


def units(settings: Mapping[str, Any], channels: int) -> tuple[str, ...]:
    """Return the unit of a reading of 1 for each channel; empty if it is unknown."""
    name = settings["sensor"]
    if name in ("bme280", "bmp280"):
        return _WEATHER[:channels]
    if name in ("pdm", "i2s"):
        return ("1/32768 of full scale",)
    if name == "adc":
        return ("1/4096 of full scale",) * channels
    if name == "demo":
        return (f"1/{_FULL_SCALE // motion.G} g",) * channels
    if name.startswith("mpu") or name in _MILLI_G:
        return _motion(settings, channels)
    return ()


def _motion(settings: Mapping[str, Any], channels: int) -> tuple[str, ...]:
    name, g, dps = settings["sensor"], settings.get("g", motion.G), settings.get("dps", motion.DPS)
    if name in _MILLI_G:
        acceleration = f"{_MILLI_G[name].get(g, 0):g} mg"
        rotation = f"{_MILLI_DPS.get(name, 0) * dps / 250:g}/1000 degree/s"
    else:
        acceleration = f"1/{_FULL_SCALE // g} g"
        rotation = f"{dps}/{_FULL_SCALE} degree/s"
    return (acceleration,) * min(channels, 3) + (rotation,) * (channels - 3)
