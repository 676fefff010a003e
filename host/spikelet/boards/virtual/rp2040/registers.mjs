// Simulate I2C devices with registers that the host sets.

import { Recording } from "./recording.mjs";

const REGISTERS = 256;
// An interrupt of the RP2040's I2C.
const TX_EMPTY = 1 << 4;

// The registers of a device; recordings may change them over time.
class Device {
  registers = new Uint8Array(REGISTERS);
  // {register: bits} that clear themselves, such as the bit of a reset.
  clears = {};
  // {first register: Recording}
  #recordings = new Map();

  play(register, recording) {
    this.#recordings.set(register, recording);
  }

  write(register, value) {
    this.registers[register] = value & ~(this.clears[register] ?? 0);
  }

  // Update the registers. A byte that the board writes to a recorded register stays until the next row.
  refresh(nanos) {
    for (const [register, recording] of this.#recordings) {
      const row = recording.next(nanos);
      if (row !== undefined) this.registers.set(row, register);
    }
  }

  // Return a register. A recording with "read" begins at the first reading of its second register, because
  // the first register may be a status.
  read(register, nanos) {
    for (const [first, recording] of this.#recordings)
      if (register === first + Math.min(1, recording.width - 1)) recording.begin(nanos);
    return this.registers[register];
  }
}

// One bus of the board with its devices. The first byte written after a start selects a register. Further
// bytes are stored from this register on, and reading continues from it. All bytes between two starts
// belong to the time of the first start.
export class RegisterBus {
  // {address: Device}
  #devices = new Map();
  #unplugged = new Map();
  #nanos;
  #device;
  #register = 0;
  #named = false;

  // nanos    function that returns the time
  constructor(nanos) {
    this.#nanos = nanos;
  }

  // Return whether the bus has a device, whose pull-ups keep its lines high.
  get pulledUp() {
    return this.#devices.size > 0;
  }

  connectTo(i2c) {
    i2c.onConnect = (address, mode) => {
      const device = this.#devices.get(address);
      this.#device = device;
      this.#named = false;
      // Without the interrupt the firmware waits for its timeout.
      if (device === undefined) i2c.setInterrupts(TX_EMPTY);
      else if (mode === 1) device.refresh(this.#nanos());
      i2c.completeConnect(device !== undefined);
    };
    i2c.onWriteByte = (value) => {
      if (this.#named) this.#device.write(this.#next(), value);
      else this.#register = value;
      this.#named = true;
      i2c.completeWrite(true);
    };
    i2c.onReadByte = () => i2c.completeRead(this.#device.read(this.#next(), this.#nanos()));
  }

  // Set a device's registers from `register` on; connect the device if necessary.
  feed({ address, register = 0, values, clears = {} }) {
    const device = this.#plugged(address);
    device.registers.set(values, register);
    Object.assign(device.clears, clears);
  }

  // Play a recording to a device's registers from `register` on; connect the device if necessary.
  play({ address, register = 0, ...recording }) {
    this.#plugged(address).play(register, new Recording(recording, this.#nanos()));
  }

  // Unplug a device. `plug` connects the same device again; `feed` connects a new one.
  unplug({ address }) {
    const device = this.#devices.get(address);
    if (device !== undefined) this.#unplugged.set(address, device);
    this.#devices.delete(address);
  }

  plug({ address }) {
    const device = this.#unplugged.get(address);
    if (device !== undefined) this.#devices.set(address, device);
    this.#unplugged.delete(address);
  }

  #plugged(address) {
    if (!this.#devices.has(address)) this.#devices.set(address, new Device());
    return this.#devices.get(address);
  }

  #next() {
    const register = this.#register;
    this.#register = (register + 1) % REGISTERS;
    return register;
  }
}
