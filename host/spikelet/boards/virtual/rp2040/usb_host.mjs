// Connect a host to the board's USB port: it reads the descriptors, opens all serial ports, and finds the drive.
//
// Source: USB 2.0 specification, 9.3 and 9.4; USB class definitions for communications devices 1.2, 6.3.

import { Endpoints } from "./usb_endpoints.mjs";

const TO_BOARD = 0x00;
const FROM_BOARD = 0x80;
const CLASS_TO_INTERFACE = 0x21;
const SET_ADDRESS = 5;
const GET_DESCRIPTOR = 6;
const SET_CONFIGURATION = 9;
const SET_CONTROL_LINE_STATE = 0x22;
const CONFIGURATION = 2;
const INTERFACE = 4;
const ENDPOINT = 5;
// Bytes of the descriptor of a configuration without its interfaces.
const HEADER = 9;
const BULK = 2;
const COMMUNICATION = 2;
const CDC_DATA = 10;
const MASS_STORAGE = 8;
// Data terminal ready, and request to send.
const OPEN = 3;
// Bytes of a packet.
const PACKET = 64;

// A pair of bulk endpoints, with the bytes that wait for the board.
class Pipe {
  #endpoints;
  #out;
  // Messages; a packet holds bytes of one only, because the end of a message is the end of a packet.
  #waiting = [];

  // receive    function that gets each packet from the board
  // ready      function that returns whether the host wants packets
  constructor(endpoints, { out }, receive, ready) {
    this.#endpoints = endpoints;
    this.#out = out;
    this.receive = receive;
    this.ready = ready;
  }

  send(bytes) {
    if (bytes.length > 0) this.#waiting.push(bytes);
    this.#endpoints.wake(this.#out);
  }

  get sends() {
    return this.#waiting.length > 0;
  }

  packet(size) {
    const message = this.#waiting[0];
    const packet = message.subarray(0, Math.min(size, PACKET));
    if (packet.length === message.length) this.#waiting.shift();
    else this.#waiting[0] = message.subarray(packet.length);
    return packet;
  }
}

export class UsbHost {
  #usb;
  #endpoints;
  #serial;
  #storage;
  // Pipes by the endpoint that the board sends on, and by the one that it receives on.
  #in = new Map();
  #out = new Map();
  // Pipes of the serial ports in the order of the descriptors.
  #ports = [];
  // Bytes for serial ports that are not open yet.
  #early = [];
  #steps = [];
  #answer = Buffer.alloc(0);
  // Whether the host has to confirm an answer, with an empty packet.
  #confirming = false;
  #known = false;
  #curious = [];

  // serial     {receive(port, bytes), ready(port)} for the bytes of the serial port with this index
  // storage    Storage for the board's drive
  constructor(mcu, serial, storage) {
    this.#usb = mcu.usbCtrl;
    this.#serial = serial;
    this.#storage = storage;
    this.#endpoints = new Endpoints(mcu, this);
    this.#usb.onUSBEnabled = () => this.#usb.resetDevice();
    this.#usb.onResetReceived = () => this.#enumerate();
  }

  // Send bytes to the serial port with this index.
  send(port, bytes) {
    if (this.#ports[port] !== undefined) this.#ports[port].send(bytes);
    else this.#early[port] = Buffer.concat([this.#early[port] ?? Buffer.alloc(0), bytes]);
  }

  // Take packets from a serial port again, after `ready` refused them.
  resume(port) {
    for (const [endpoint, pipe] of this.#in) if (pipe === this.#ports[port]) this.#endpoints.wake(endpoint);
  }

  takes(endpoint) {
    return endpoint === 0 ? this.#steps.length > 0 : (this.#in.get(endpoint)?.ready() ?? false);
  }

  sends(endpoint) {
    return endpoint === 0 ? this.#confirming : (this.#out.get(endpoint)?.sends ?? false);
  }

  packet(endpoint, size) {
    if (endpoint !== 0) return this.#out.get(endpoint).packet(size);
    this.#finish();
    return Buffer.alloc(0);
  }

  receive(endpoint, packet) {
    if (endpoint === 0) this.#answered(packet);
    else this.#in.get(endpoint).receive(Buffer.from(packet));
  }

  #enumerate() {
    this.#ports = [];
    this.#in.clear();
    this.#out.clear();
    this.#storage.disconnect();
    this.#known = false;
    this.#answer = Buffer.alloc(0);
    this.#confirming = false;
    const none = () => {};
    this.#steps = [
      [[TO_BOARD, SET_ADDRESS, 1, 0, 0], none],
      [[FROM_BOARD, GET_DESCRIPTOR, CONFIGURATION << 8, 0, HEADER], (header) => this.#readAll(header)],
    ];
    this.#request();
  }

  #readAll(header) {
    const size = header.readUInt16LE(2);
    this.#steps.push(
      [[FROM_BOARD, GET_DESCRIPTOR, CONFIGURATION << 8, 0, size], (all) => this.#configure(interfaces(all))],
    );
  }

  #configure(found) {
    this.#steps.push([[TO_BOARD, SET_CONFIGURATION, 1, 0, 0], () => this.#connect(found)]);
  }

  #connect(found) {
    for (const each of found.filter(({ kind }) => kind === CDC_DATA)) {
      const port = this.#ports.length;
      const receive = (bytes) => this.#serial.receive(port, bytes);
      this.#ports.push(this.#open(each, receive, () => this.#serial.ready(port)));
    }
    for (const { number } of found.filter(({ kind }) => kind === COMMUNICATION))
      this.#steps.push([[CLASS_TO_INTERFACE, SET_CONTROL_LINE_STATE, OPEN, number, 0], () => this.#flush()]);
    const drive = found.find(({ kind }) => kind === MASS_STORAGE);
    if (drive === undefined) {
      this.#settle();
      return;
    }
    const pipe = this.#open(drive, (bytes) => this.#storage.receive(bytes), () => true);
    this.#storage.connect((bytes) => pipe.send(bytes), () => this.#settle());
  }

  #open(ends, receive, ready) {
    const pipe = new Pipe(this.#endpoints, ends, receive, ready);
    this.#in.set(ends.in, pipe);
    this.#out.set(ends.out, pipe);
    this.#endpoints.wake(ends.in);
    return pipe;
  }

  // Return the number of the board's serial ports.
  get ports() {
    return this.#ports.length;
  }

  // Call `then` when the host knows the board's serial ports and its drive.
  whenKnown(then) {
    if (this.#known) then();
    else this.#curious.push(then);
  }

  #settle() {
    this.#known = true;
    for (const then of this.#curious.splice(0)) then();
  }

  #flush() {
    this.#early.splice(0).forEach((bytes, port) => this.#ports[port]?.send(bytes));
  }

  #request() {
    const [[type, request, value, index, length]] = this.#steps[0];
    const setup = Buffer.from([type, request]);
    this.#usb.sendSetupPacket(Buffer.concat([setup, words(value, index, length)]));
  }

  #answered(packet) {
    const [[type, , , , length]] = this.#steps[0];
    this.#answer = Buffer.concat([this.#answer, packet]);
    if (packet.length === PACKET && this.#answer.length < length) return;
    if (type !== FROM_BOARD) {
      this.#finish();
      return;
    }
    this.#confirming = true;
    this.#endpoints.wake(0);
  }

  #finish() {
    const [, then] = this.#steps.shift();
    const answer = this.#answer;
    this.#answer = Buffer.alloc(0);
    this.#confirming = false;
    then(answer);
    if (this.#steps.length > 0) this.#request();
  }
}

function words(...values) {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => bytes.writeUInt16LE(value, 2 * i));
  return bytes;
}

// Return the interfaces of a configuration: {kind, number, in, out}, with the bulk endpoints.
function interfaces(descriptors) {
  const found = [];
  for (let at = 0; at + 1 < descriptors.length && descriptors[at] > 1; at += descriptors[at]) {
    if (descriptors[at + 1] === INTERFACE) {
      found.push({ kind: descriptors[at + 5], number: descriptors[at + 2] });
    } else if (descriptors[at + 1] === ENDPOINT && (descriptors[at + 3] & 3) === BULK) {
      const address = descriptors[at + 2];
      found.at(-1)[address & 0x80 ? "in" : "out"] = address & 15;
    }
  }
  return found;
}
