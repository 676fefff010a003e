// I2C devices whose registers hold what they are fed.

const REGISTERS = 256;
const TX_EMPTY = 1 << 4; // of the RP2040's I2C interrupts

// One bus of the board, as its devices see it. A device answers at its address; the first byte written
// after a start names a register, further ones are stored from there on, reading goes on from there.
export class RegisterBus {
  #devices = new Map(); // address: Uint8Array of registers
  #device;
  #register = 0;
  #named = false;

  connectTo(i2c) {
    i2c.onConnect = (address) => {
      this.#device = this.#devices.get(address);
      this.#named = false;
      if (this.#device === undefined) i2c.setInterrupts(TX_EMPTY); // else the firmware waits for its timeout
      i2c.completeConnect(this.#device !== undefined);
    };
    i2c.onWriteByte = (value) => {
      if (this.#named) this.#device[this.#next()] = value;
      else this.#register = value;
      this.#named = true;
      i2c.completeWrite(true);
    };
    i2c.onReadByte = () => i2c.completeRead(this.#device[this.#next()]);
  }

  // Put values into a device's registers from `register` on; the device is there from then on.
  feed({ address, register = 0, values }) {
    if (!this.#devices.has(address)) this.#devices.set(address, new Uint8Array(REGISTERS));
    this.#devices.get(address).set(values, register);
  }

  #next() {
    const register = this.#register;
    this.#register = (register + 1) % REGISTERS;
    return register;
  }
}
