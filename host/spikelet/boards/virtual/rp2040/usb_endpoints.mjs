// Move packets through the endpoints of the RP2040's USB controller, as its host takes and sends them.
//
// This replaces rp2040js's handling of buffer controls, which ends each transfer at once: it repeats a
// transfer when firmware writes the other half of a buffer control, and never tells which buffer is done.
// Source: RP2040 datasheet, 4.1.2.5, "DPSRAM", 4.1.3, "BUFF_STATUS" and "BUFF_CPU_SHOULD_HANDLE".

const FIRST_CONTROL = 0x80;
const LAST_CONTROL = 0xfc;
const ENDPOINTS = 16;
// Endpoint control of endpoint 1; endpoint 0 has none.
const ENDPOINT_CONTROL = 0x8;
const BUFFER_ADDRESS = 0xffc0;
const TWO_BUFFERS = 1 << 30;
const REPORTS_EACH = 1 << 29;
// Address of the buffer of endpoint 0, and bytes from a buffer to its second one.
const CONTROL_BUFFER = 0x100;
const SECOND = 64;
// Bits of each half of a buffer control.
const FULL = 1 << 15;
const AVAILABLE = 1 << 10;
const LENGTH = 0x3ff;
// Resets the choice of the buffer to the first one.
const SELECT_FIRST = 1 << 12;
// Registers of the controller.
const BUFF_STATUS = 0x58;
const BUFF_CPU_SHOULD_HANDLE = 0x5c;
// Nanoseconds of a packet on the bus, as rp2040js has it.
const PACKET = 10_000;

// One direction of an endpoint.
class Endpoint {
  #dpram;
  #usb;
  #host;
  #number;
  #out;
  #alarm;
  #running = false;
  // Index of the buffer that comes next.
  #next = 0;
  // Indices of finished buffers that the firmware has not acknowledged.
  done = [];

  constructor(mcu, host, number, out) {
    this.#dpram = mcu.usbDPRAMView;
    this.#usb = mcu.usbCtrl;
    this.#host = host;
    this.#number = number;
    this.#out = out;
    this.#alarm = mcu.clock.createAlarm(() => this.#finish());
  }

  // Return the bit of this direction in BUFF_STATUS.
  get bit() {
    return 1 << (2 * this.#number + (this.#out ? 1 : 0));
  }

  get #control() {
    return FIRST_CONTROL + 8 * this.#number + (this.#out ? 4 : 0);
  }

  get #settings() {
    if (this.#number === 0) return CONTROL_BUFFER;
    return this.#dpram.getUint32(ENDPOINT_CONTROL + 8 * (this.#number - 1) + (this.#out ? 4 : 0), true);
  }

  // Obey a write to the buffer control.
  written(value) {
    if (value & SELECT_FIRST) {
      this.#next = 0;
      this.#dpram.setUint32(this.#control, value & ~SELECT_FIRST, true);
    }
    this.start();
  }

  // Begin a packet if the firmware has a buffer for it and the host wants it.
  start() {
    if (this.#running || !(this.#half() & AVAILABLE)) return;
    if (!this.#host[this.#out ? "sends" : "takes"](this.#number)) return;
    this.#running = true;
    this.#alarm.schedule(PACKET);
  }

  #half() {
    if (!(this.#settings & TWO_BUFFERS)) this.#next = 0;
    return this.#dpram.getUint16(this.#control + 2 * this.#next, true);
  }

  #finish() {
    this.#running = false;
    const half = this.#half();
    // The firmware may have taken the buffer back.
    if (!(half & AVAILABLE)) return;
    const settings = this.#settings;
    const start = (settings & BUFFER_ADDRESS) + SECOND * this.#next;
    const memory = new Uint8Array(this.#dpram.buffer);
    let packet;
    let left;
    if (this.#out) {
      packet = this.#host.packet(this.#number, half & LENGTH);
      memory.set(packet, start);
      left = (half & ~LENGTH) | FULL | packet.length;
    } else {
      packet = memory.slice(start, start + (half & LENGTH));
      left = half & ~FULL;
    }
    this.#dpram.setUint16(this.#control + 2 * this.#next, left & ~AVAILABLE, true);
    this.#report(settings);
    if (!this.#out) this.#host.receive(this.#number, packet);
    this.start();
  }

  #report(settings) {
    const finished = this.#next;
    const two = (settings & TWO_BUFFERS) !== 0;
    if (two) this.#next = 1 - this.#next;
    if (two && !(settings & REPORTS_EACH) && finished === 0) return;
    this.done.push(two && settings & REPORTS_EACH ? finished : 0);
    this.#usb.buffStatus |= this.bit;
    this.#usb.buffStatusUpdated();
  }
}

export class Endpoints {
  // Directions by their bit in BUFF_STATUS: in, out, in, out, ...
  #directions;

  // host    object with the methods
  //         takes(endpoint)            whether the host asks this endpoint for packets
  //         sends(endpoint)            whether the host has a packet for it
  //         packet(endpoint, size)     the packet, of at most `size` bytes
  //         receive(endpoint, packet)  takes a packet of the board
  constructor(mcu, host) {
    const usb = mcu.usbCtrl;
    this.#directions = Array.from(
      { length: 2 * ENDPOINTS },
      (_, i) => new Endpoint(mcu, host, i >> 1, (i & 1) === 1),
    );
    usb.DPRAMUpdated = (offset, value) => {
      if (offset >= FIRST_CONTROL && offset <= LAST_CONTROL)
        this.#directions[(offset - FIRST_CONTROL) >> 2].written(value);
    };
    const read = usb.readUint32.bind(usb);
    const write = usb.writeUint32.bind(usb);
    usb.readUint32 = (offset) => (offset === BUFF_CPU_SHOULD_HANDLE ? this.#secondBuffers() : read(offset));
    usb.writeUint32 = (offset, value) => {
      if (offset === BUFF_STATUS) this.#acknowledge(usb, usb.rawWriteValue);
      else write(offset, value);
    };
  }

  // Tell the endpoint that the host has a packet for it, or asks it for packets.
  wake(endpoint) {
    this.#directions[2 * endpoint].start();
    this.#directions[2 * endpoint + 1].start();
  }

  #secondBuffers() {
    return this.#directions.reduce((bits, { done, bit }) => (done[0] === 1 ? bits | bit : bits), 0) >>> 0;
  }

  #acknowledge(usb, bits) {
    for (const direction of this.#directions) {
      if (!(bits & usb.buffStatus & direction.bit)) continue;
      direction.done.shift();
      if (direction.done.length === 0) usb.buffStatus &= ~direction.bit;
    }
    usb.buffStatusUpdated();
  }
}
