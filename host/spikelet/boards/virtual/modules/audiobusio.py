"""CircuitPython's module `audiobusio`, as far as the firmware asks: a microphone that `wiring` feeds."""

import pins_in_use
from microcontroller import Pin
from wiring import wired


class PDMIn:
    """A microphone of 16 bits, one channel and 16 kHz, as the strictest chip (nRF52840) has it."""

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
        """Give the pins back."""
        pins_in_use.give_back(*self._pins)
        self._pins = ()

    def record(self, destination: object, destination_length: int) -> int:
        """Put unsigned samples, around 0x8000, into array('H')[destination_length]."""
        if not self._pins:
            raise ValueError(pins_in_use.GONE)
        view = memoryview(destination)  # type: ignore[arg-type]
        if view.format != "H":
            raise ValueError("destination buffer must be an array of type 'H' for bit_depth = 16")
        for k in range(destination_length):
            view[k] = wired.sample("microphone", "") + 0x8000 & 0xFFFF
        return destination_length
