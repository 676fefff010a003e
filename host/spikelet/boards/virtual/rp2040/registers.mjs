// I2C devices whose registers hold what they are fed.

import { Recording } from "./recording.mjs";

const REGISTERS = 256;
const TX_EMPTY = 1 << 4; // of the RP2040's I2C interrupts

// A device's registers, some of which a recording may change with time.
class Device {
  registers = new Uint8Array(REGISTERS);
  clears = {}; // {register: bits} that clear themselves, such as that of a reset
  #recordings = new Map(); // the first register: Recording

  play(register, recording) {
    this.#recordings.set(register, recording);
  }

  write(register, value) {
    this.registers[register] = value & ~(this.clears[register] ?? 0);
  }

  // Bring the registers up to date. What is written to recorded registers stays until the next row.
  refresh(nanos) {
    for (const [register, recording] of this.#recordings) {
      const row = recording.next(nanos);
      if (row !== undefined) this.registers.set(row, register);
    }
  }

  // Return a register. A recording that waits for its first reading begins when its second register is read;
  // the first may be a status that is looked at before.
  read(register, nanos) {
    for (const [first, recording] of this.#recordings)
      if (register === first + Math.min(1, recording.width - 1)) recording.begin(nanos);
    return this.registers[register];
  }
}

// One bus of the board, as its devices see it. A device answers at its address; the first byte written
// after a start names a register, further ones are stored from there on, reading goes on from there. All
// that is read between a start and the next one was there at the start.
export class RegisterBus {
  #devices = new Map(); // address: Device
  #unplugged = new Map();
  #nanos;
  #device;
  #register = 0;
  #named = false;

  // nanos    returns the time
  constructor(nanos) {
    this.#nanos = nanos;
  }

  connectTo(i2c) {
    i2c.onConnect = (address, mode) => {
      const device = this.#devices.get(address);
      this.#device = device;
      this.#named = false;
      if (device === undefined) i2c.setInterrupts(TX_EMPTY); // else the firmware waits for its timeout
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

  // Put values into a device's registers from `register` on; the device is there from then on.
  feed({ address, register = 0, values, clears = {} }) {
    const device = this.#plugged(address);
    device.registers.set(values, register);
    Object.assign(device.clears, clears);
  }

  // Let a recording change a device's registers from `register` on; the device is there from then on.
  play({ address, register = 0, ...recording }) {
    this.#plugged(address).play(register, new Recording(recording, this.#nanos()));
  }

  // Take a device away. Plugging it in brings it back as it was; feeding it, a new one.
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
