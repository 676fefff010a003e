// Read and write the board's drive as a computer does: SCSI commands over USB bulk transfers.
//
// Source: USB Mass Storage Class, Bulk-Only Transport 1.0, 5; SCSI Block Commands, READ(10) and WRITE(10).

// Bytes of a sector, and of the most that one command transfers.
export const SECTOR = 512;
const MOST = 64;
const COMMAND = 0x43425355;
const STATUS = 0x53425355;
const STATUS_SIZE = 13;
const FROM_BOARD = 0x80;
const READ = 0x28;
const WRITE = 0x2a;
const MODE_SENSE = 0x1a;
// Bytes of the answer to MODE SENSE, and the bit of its third one for a drive that cannot be written.
const MODE_SIZE = 4;
const PROTECTED = 0x80;

export class Storage {
  #send = null;
  // Commands that wait: {code, sector, count, size, data, done}; `size` is the bytes that the board sends.
  #queue = [];
  #received = [];
  #size = 0;
  #tag = 0;
  // Whether the computer may write to the drive.
  writable = false;

  // Begin with a drive; `send` sends bytes to it. `then` is called when its state is known.
  connect(send, then) {
    this.#send = send;
    this.#add({ code: MODE_SENSE, sector: 0, count: 0, size: MODE_SIZE }, (bytes) => {
      this.writable = bytes !== null && !(bytes[2] & PROTECTED);
      then();
    });
  }

  // Lose the drive; its commands fail.
  disconnect() {
    this.#send = null;
    this.writable = false;
    this.#received = [];
    this.#size = 0;
    for (const { done } of this.#queue.splice(0)) done(null);
  }

  get present() {
    return this.#send !== null;
  }

  // Read sectors; `done` gets their bytes, or null without a drive.
  read(sector, count, done) {
    const parts = [];
    for (let at = 0; at < count; at += MOST) {
      const some = Math.min(MOST, count - at);
      const last = at + some === count;
      this.#add({ code: READ, sector: sector + at, count: some, size: some * SECTOR }, (bytes) => {
        if (bytes !== null) parts.push(bytes);
        if (last) done(bytes === null ? null : Buffer.concat(parts));
      });
    }
  }

  // Write whole sectors; `done` gets an empty buffer, or null if the board refused one.
  write(sector, data, done) {
    const count = data.length / SECTOR;
    let failed = false;
    for (let at = 0; at < count; at += MOST) {
      const some = Math.min(MOST, count - at);
      const part = data.subarray(at * SECTOR, (at + some) * SECTOR);
      this.#add({ code: WRITE, sector: sector + at, count: some, size: 0, data: part }, (bytes) => {
        failed ||= bytes === null;
        if (at + some === count) done(failed ? null : Buffer.alloc(0));
      });
    }
  }

  // Take a packet from the drive.
  receive(bytes) {
    this.#received.push(bytes);
    this.#size += bytes.length;
    const command = this.#queue[0];
    if (command === undefined) return;
    const expected = STATUS_SIZE + command.size;
    // A status that comes early ends a command that the board refuses.
    const refused = bytes.length === STATUS_SIZE && bytes.readUInt32LE(0) === STATUS && bytes[12] !== 0;
    if (this.#size < expected && !refused) return;
    const all = Buffer.concat(this.#received);
    this.#received = [];
    this.#size = 0;
    this.#queue.shift();
    command.done(refused ? null : all.subarray(0, all.length - STATUS_SIZE));
    this.#next();
  }

  #add(command, done) {
    if (!this.present) {
      done(null);
      return;
    }
    this.#queue.push({ ...command, done });
    if (this.#queue.length === 1) this.#next();
  }

  #next() {
    const command = this.#queue[0];
    if (command === undefined) return;
    const wrapper = Buffer.alloc(31);
    wrapper.writeUInt32LE(COMMAND, 0);
    wrapper.writeUInt32LE(++this.#tag >>> 0, 4);
    wrapper.writeUInt32LE(command.size || command.data.length, 8);
    wrapper[12] = command.size > 0 ? FROM_BOARD : 0;
    wrapper[15] = command.code;
    if (command.code === MODE_SENSE) {
      // Length of the SCSI command, all pages, and length of the answer.
      wrapper[14] = 6;
      wrapper[17] = 0x3f;
      wrapper[19] = MODE_SIZE;
    } else {
      wrapper[14] = 10;
      wrapper.writeUInt32BE(command.sector, 17);
      wrapper.writeUInt16BE(command.count, 22);
    }
    this.#send(wrapper);
    if (command.data !== undefined) this.#send(command.data);
  }
}
