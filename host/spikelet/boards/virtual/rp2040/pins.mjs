// Give the pins the levels that the board around the chip gives them, and reset I2C as the chip does.
//
// Source: RP2040 datasheet, 2.14 "Subsystem Resets", 2.19 "GPIO", Table 278 (functions of pins);
// Raspberry Pi Pico datasheet (BOOTSEL is a button on the flash's select line).

// Bits of a pad: its input is enabled; reset value of the flash's pads.
const FLASH_PAD = 0x56;
// rp2040js's key of the reset controller, and the bit of I2C0 in it; I2C1 has the next bit.
const RESETS = 0x4000c;
const RESET_I2C0 = 1 << 3;
const IC_ENABLE = 0x6c;

export class Pins {
  // buses    the two RegisterBus of the board
  constructor(mcu, buses) {
    // BOOTSEL is not pressed.
    for (const pin of mcu.qspi) {
      pin.padValue = FLASH_PAD;
      pin.rawInputValue = true;
    }
    mcu.gpio.forEach((pin, i) => levelOf(pin, buses[(i >> 1) & 1]));
    const resets = mcu.peripherals[RESETS];
    const write = resets.writeUint32.bind(resets);
    resets.writeUint32 = (offset, value) => {
      write(offset, value);
      mcu.i2c.forEach((i2c, bus) => {
        if (offset === 0 && value & (RESET_I2C0 << bus)) disable(i2c);
      });
    };
  }
}

// Let a pull-up decide the level of a pin: that of its pad, or that of the devices of the bus, which each
// pair of pins in turn can carry.
function levelOf(pin, bus) {
  Object.defineProperty(pin, "rawInputValue", {
    get: () => pin.pullupEnabled || bus.pulledUp,
    // rp2040js writes back the value that it has read.
    set: () => {},
  });
}

function disable(i2c) {
  i2c.intEnable = 0;
  // Clears its queues, too.
  i2c.writeUint32(IC_ENABLE, 0);
}
