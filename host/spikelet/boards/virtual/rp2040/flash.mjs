// Store the Pico's 2 MiB of flash in a file, so that it outlives the process.

import fs from "node:fs";

export const FLASH_START = 0x10000000;
// Bytes.
const SIZE = 2 << 20;
const SECTOR = 4096;
const PAGE = 256;
// Typical seconds of a W25Q16JV. Source: its datasheet, 9.6.
const ERASE_SECTOR = 0.045;
const PROGRAM_PAGE = 0.0004;

// Source: USB Flashing Format (UF2), github.com/microsoft/uf2.
const UF2_MAGIC = 0x0a324655;
// Bytes of a block; its payload begins at byte 32.
const UF2_BLOCK = 512;

export class Flash {
  #file;
  #content = new Uint8Array(SIZE).fill(0xff);
  #cut = null;
  // Number of erased sectors and programmed pages.
  operations = 0;

  // path        of the file; created if absent
  // firmware    bytes of a UF2 file, which overwrite the content of the file
  constructor(path, firmware) {
    this.#file = fs.openSync(path, fs.existsSync(path) ? "r+" : "w+");
    const kept = Buffer.alloc(SIZE);
    const complete = fs.readSync(this.#file, kept, 0, SIZE, 0) === SIZE;
    if (complete) this.#content.set(kept);
    this.#load(firmware);
    if (!complete || !kept.equals(this.#content)) this.#save(0, SIZE);
  }

  get content() {
    return this.#content;
  }

  // Call `cut` in the middle of the operation that follows `count` complete ones.
  cutAfter(count, cut) {
    this.#cut = { at: this.operations + count, cut };
  }

  // Return the boot ROM's functions on flash. Erasing: r0 address, r1 size. Programming: r0 address, r1
  // source, r2 size.
  get romFunctions() {
    const nothing = () => {};
    return {
      // These prepare the flash and its cache.
      IF: nothing, EX: nothing, FC: nothing, CX: nothing,
      RE: (board) => this.#erase(board, ...board.core.registers),
      RP: (board) => this.#program(board, ...board.core.registers),
    };
  }

  #erase(board, start, size) {
    const { mcu, core } = board;
    for (let at = start; at < start + size; at += SECTOR) this.#operate(at, (part) => part.fill(0xff), SECTOR);
    mcu.flash.fill(0xff, start, start + size);
    board.flashChanged(start);
    core.cycles += Math.round((size / SECTOR) * ERASE_SECTOR * mcu.clkSys);
  }

  #program(board, start, from, size) {
    const { mcu, core } = board;
    for (let at = 0; at < size; at += PAGE) {
      const program = (part) => part.forEach((bits, i) => (part[i] = bits & mcu.readUint8(from + at + i)));
      this.#operate(start + at, program, PAGE);
    }
    mcu.flash.set(this.#content.subarray(start, start + size), start);
    board.flashChanged(start);
    core.cycles += Math.round((size / PAGE) * PROGRAM_PAGE * mcu.clkSys);
  }

  // Change a sector or a page, or only its first half if the power fails.
  #operate(start, change, size) {
    const cut = this.#cut !== null && this.operations >= this.#cut.at;
    const changed = cut ? size / 2 : size;
    change(this.#content.subarray(start, start + changed));
    this.#save(start, changed);
    this.operations++;
    if (cut) this.#cut.cut();
  }

  #save(start, size) {
    fs.writeSync(this.#file, this.#content, start, size, start);
  }

  #load(uf2) {
    for (let at = 0; at + UF2_BLOCK <= uf2.length; at += UF2_BLOCK) {
      const start = uf2.readUInt32LE(at + 12) - FLASH_START;
      const size = uf2.readUInt32LE(at + 16);
      if (uf2.readUInt32LE(at) === UF2_MAGIC && start >= 0 && start + size <= SIZE) {
        this.#content.set(uf2.subarray(at + 32, at + 32 + size), start);
      }
    }
  }
}
