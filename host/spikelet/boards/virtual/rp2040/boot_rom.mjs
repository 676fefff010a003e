// Replace the RP2040's boot ROM: its tables, and functions that run here.
//
// Each function is two instructions: a BKPT with its number, and a return. The breakpoint calls the function.
// Source: RP2040 datasheet, 2.8.3, "Bootrom Contents".

import { TABLE_SIZE, doubles, singles } from "./floats.mjs";

// Bytes.
const SIZE = 0x4000;
// Address of the stack until the firmware moves it.
const STACK = 0x20041f00;
// "Mu", 1, and the version.
const MAGIC = 0x10;
// Addresses of the pointers to the tables.
const FUNCTIONS = 0x14;
const DATA = 0x16;
const LOOKUP = 0x18;
const VERSION = 2;
const BKPT = 0xbe00;
const BX_LR = 0x4770;

export class BootRom {
  #image = new DataView(new ArrayBuffer(SIZE));
  #end = 0x100;
  // Functions of the board by their number.
  #called = [];

  // functions    {two letters: function of the board}, without those on floats
  constructor(functions) {
    const tables = Object.entries({ SF: singles, SD: doubles });
    this.#image.setUint32(0, STACK, true);
    this.#image.setUint32(MAGIC, (VERSION << 24) | (1 << 16) | letters("Mu"), true);
    this.#pointTo(FUNCTIONS, Object.entries(functions).map(([name, call]) => [name, this.#add(call)]));
    this.#pointTo(DATA, tables.map(([name, table]) => [name, this.#addFloats(table)]));
    this.#image.setUint16(LOOKUP, this.#add(lookUp), true);
  }

  get words() {
    return new Uint32Array(this.#image.buffer);
  }

  // Call the function of the breakpoint `number`.
  call(number, board) {
    this.#called[number](board);
  }

  // Add a function and return its address with the Thumb bit.
  #add(call) {
    const address = this.#take(4);
    this.#image.setUint16(address, BKPT | (this.#called.push(call) - 1), true);
    this.#image.setUint16(address + 2, BX_LR, true);
    return address | 1;
  }

  // Add a table of functions on floats and return its address; its length precedes it by 2 bytes.
  #addFloats(table) {
    const start = this.#take(4 + TABLE_SIZE) + 4;
    this.#image.setUint8(start - 2, TABLE_SIZE / 4);
    for (const [offset, [compute, cycles]] of Object.entries(table)) {
      const address = this.#add(({ core }) => {
        compute(core.registers);
        core.cycles += cycles;
      });
      this.#image.setUint32(start + Number(offset), address, true);
    }
    return start;
  }

  // Add a table of [two letters, address] and store its address at `pointer`.
  #pointTo(pointer, entries) {
    const start = this.#take(4 * entries.length + 2);
    entries.forEach(([name, address], i) => {
      this.#image.setUint16(start + 4 * i, letters(name), true);
      this.#image.setUint16(start + 4 * i + 2, address, true);
    });
    this.#image.setUint16(pointer, start, true);
  }

  #take(size) {
    const start = this.#end;
    this.#end += (size + 3) & ~3;
    return start;
  }
}

function letters(name) {
  return name.charCodeAt(0) | (name.charCodeAt(1) << 8);
}

// r0 = the address for the letters r1 in the table at r0, or 0.
function lookUp({ mcu, core }) {
  const [table, name] = core.registers;
  let entry = table;
  while (mcu.readUint16(entry) !== 0 && mcu.readUint16(entry) !== (name & 0xffff)) entry += 4;
  core.registers[0] = mcu.readUint16(entry) === 0 ? 0 : mcu.readUint16(entry + 2);
}

function countBits(x) {
  let count = 0;
  for (let bits = x; bits; bits &= bits - 1) count++;
  return count;
}

function reverseBits(x) {
  let reversed = 0;
  for (let i = 0; i < 32; i++) reversed |= ((x >>> i) & 1) << (31 - i);
  return reversed;
}

function trailingZeros(x) {
  return x === 0 ? 32 : 31 - Math.clz32(x & -x);
}

function onBits(compute, cycles) {
  return ({ core }) => {
    core.registers[0] = compute(core.registers[0]);
    core.cycles += cycles;
  };
}

function fill({ mcu, core }) {
  const [start, value, size] = core.registers;
  for (let i = 0; i < size; i++) mcu.writeUint8(start + i, value & 0xff);
  core.cycles += 15 + (size >> 1);
}

function copy({ mcu, core }) {
  const [to, from, size] = core.registers;
  for (let i = 0; i < size; i++) mcu.writeUint8(to + i, mcu.readUint8(from + i));
  core.cycles += 20 + size;
}

// The functions of every board's ROM by their letters in the datasheet.
export const COMMON = {
  P3: onBits(countBits, 18),
  R3: onBits(reverseBits, 21),
  L3: onBits(Math.clz32, 19),
  T3: onBits(trailingZeros, 19),
  MS: fill,
  S4: fill,
  MC: copy,
  C4: copy,
};
