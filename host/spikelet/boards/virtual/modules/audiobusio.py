"""Replace the part of CircuitPython's `audiobusio` that the firmware uses.

The microphone takes its samples from `wiring`.
"""

import pins_in_use
from microcontroller import Pin
from wiring import wired


class PDMIn:
    """A 16-bit mono microphone at 16 kHz, with the limits of the strictest chip (nRF52840)."""

    def __init__(
        self,
        clock_pin: Pin,
        data_pin: Pin,
        *,
        sample_rate: int = 16000,
        bit_depth: int = 8,
        mono: bool = True,
        oversample: int = 64,
        startup_delay: float = 0.11,
    ) -> None:
        if (sample_rate, bit_depth, mono, oversample) != (16000, 16, True, 64):
            raise ValueError("only 16 bits, mono, 16000 Hz and 64 bits a sample are supported")
        pins_in_use.take(clock_pin, data_pin)
        self._pins: tuple[Pin, ...] = (clock_pin, data_pin)
        self.sample_rate = sample_rate

    def deinit(self) -> None:
        """Release the pins."""
        pins_in_use.give_back(*self._pins)
        self._pins = ()

    def record(self, destination: object, destination_length: int) -> int:
        """Fill array('H')[destination_length] with unsigned samples around 0x8000; return the length."""
        if not self._pins:
            raise ValueError(pins_in_use.GONE)
        view = memoryview(destination)  # type: ignore[arg-type]
        if view.format != "H":
            raise ValueError("destination buffer must be an array of type 'H' for bit_depth = 16")
        for k in range(destination_length):
            view[k] = wired.sample("microphone", "") + 0x8000 & 0xFFFF
        return destination_length
