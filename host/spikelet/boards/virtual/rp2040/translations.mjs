// Keep the translations of code that runs often, and run them.

import * as places from "./places.mjs";
import { translate } from "./translate.mjs";
import { Code, compile } from "./wasm.mjs";

const PC = 15;
// Runs of code until it is translated. An instruction takes 0.05 ms to translate and 30 ns to interpret.
export const OFTEN = 1000;
// The part of OFTEN from which code is translated together with code that branches to it.
const RARELY = 1 / 8;
// Functions that are compiled together.
const TOGETHER = 24;
// Functions that can be called.
const TABLE = 60_000;
const FLASH_MASK = places.FLASH_SIZE - 1;
const FLASH_BITS = 21;

// Locals of the loop that calls translations.
const LIMIT = 1;
const CYCLES = 2;
const ADDRESS = 3;
const RESULT = 4;

// Return the function that runs translations from the address in PC on.
//
// Its second parameter is the limit of cycles. It returns the cycles, with the sign bit if the translation of
// the next instruction has stopped.
function caller() {
  const code = new Code();
  const lookUp = (mask, entries) => code.get(ADDRESS).number(mask).do("and").number(1).do("shl").memory("load", entries);
  code.block().loop();
  code.number(0).memory("load", places.REGISTERS + 4 * PC).number(-2).do("and").set(ADDRESS);
  code.get(ADDRESS).number(places.RAM).do("sub").number(places.RAM_SIZE).do("lt_u").if(true);
  lookUp(0x7ffff, places.RAM_ENTRIES);
  code.do("else").get(ADDRESS).number(FLASH_BITS).do("shr_u").number(places.FLASH >>> FLASH_BITS).do("ne").branchIf(2);
  lookUp(FLASH_MASK, places.FLASH_ENTRIES);
  code.do("end").tee(RESULT).do("eqz").branchIf(1);
  code.get(RESULT).number(255).do("and").get(LIMIT).get(CYCLES).do("sub");
  code.get(RESULT).number(8).do("shr_u").callIndirect().tee(RESULT);
  code.number(0x7fffffff).do("and").get(CYCLES).do("add").set(CYCLES);
  code.get(RESULT).number(0).do("gt_s").branchIf(0);
  code.do("end", "end").get(CYCLES).get(RESULT).number(0x80000000).do("and", "or");
  return { code, words: 3, longs: 0 };
}

export class Translations {
  memory = new WebAssembly.Memory({ initial: places.SIZE >>> 16, maximum: places.SIZE >>> 16 });
  // Code in flash is the same after a reset.
  #table = new WebAssembly.Table({ element: "anyfunc", initial: TABLE });
  #free = 1;
  #run = compile(this.memory, [caller()], this.#table)[0];
  #ram16 = new Uint16Array(this.memory.buffer, places.RAM_AT, places.RAM_SIZE >> 1);
  #flash16 = new Uint16Array(this.memory.buffer, places.FLASH_AT, places.FLASH_SIZE >> 1);
  #ramEntries = new Uint32Array(this.memory.buffer, places.RAM_ENTRIES, places.RAM_SIZE >> 1);
  #flashEntries = new Uint32Array(this.memory.buffer, places.FLASH_ENTRIES, places.FLASH_SIZE >> 1);
  #ramRuns = new Uint16Array(places.RAM_SIZE >> 1);
  #flashRuns = new Uint16Array(places.FLASH_SIZE >> 1);
  // For each page of RAM, whether it has translated code.
  pages = new Uint8Array(this.memory.buffer, places.TRANSLATED, places.RAM_SIZE >> places.PAGE);
  // For each halfword of RAM, whether it is in translated code.
  #inCode = new Uint8Array(places.RAM_SIZE >> 1);
  // {page of RAM: translations with code in it}
  #inPage = new Map();
  #pending = [];
  // Offset of the last instruction in flash that is translated.
  #lastInFlash = -1;
  #often;
  #rarely;
  #flags = new Int32Array(this.memory.buffer, places.SIGN, 3);

  // often    runs of code until it is translated
  constructor(often) {
    this.#often = often;
    this.#rarely = often * RARELY;
  }

  // Give a new core and its memory to the translations; forget those of RAM.
  connectTo(mcu) {
    const { memory } = this;
    for (const page of [...this.#inPage.keys()]) this.#remove(page);
    this.#ramRuns.fill(0);
    const registers = new Uint32Array(memory.buffer, places.REGISTERS, 16);
    registers.set(mcu.core.registers);
    mcu.core.registers = registers;
    const ram = new Uint8Array(memory.buffer, places.RAM_AT, places.RAM_SIZE);
    ram.set(mcu.sram);
    mcu.sram = ram;
    mcu.sramView = new DataView(memory.buffer, places.RAM_AT, places.RAM_SIZE);
    mcu.flash = new Uint8Array(memory.buffer, places.FLASH_AT, places.FLASH_SIZE);
    mcu.flash16 = new Uint16Array(memory.buffer, places.FLASH_AT, places.FLASH_SIZE >> 1);
    mcu.flashView = new DataView(memory.buffer, places.FLASH_AT, places.FLASH_SIZE);
    for (const [name, size] of [["writeUint32", 4], ["writeUint16", 2], ["writeUint8", 1]]) {
      const write = mcu[name].bind(mcu);
      mcu[name] = (address, value) => {
        this.written(address - places.RAM, size);
        write(address, value);
      };
    }
  }

  // Forget the translations of code in flash if there is some after the address where the flash changed.
  flashChanged(start) {
    if (start > this.#lastInFlash) return;
    this.#flashEntries.fill(0);
    this.#flashRuns.fill(0);
    this.#pending = [];
    this.#lastInFlash = -1;
  }

  // Forget the translations of code at an offset in RAM, because it is written to.
  written(offset, size) {
    if (offset < 0 || offset >= places.RAM_SIZE) return;
    for (let at = offset >> 1; at <= (offset + size - 1) >> 1; at++) {
      if (this.#inCode[at]) this.#remove((at << 1) >> places.PAGE);
    }
  }

  #remove(page) {
    for (const { entries } of this.#inPage.get(page) ?? []) {
      for (const [address, index] of entries) {
        const at = (address - places.RAM) >> 1;
        this.#ramEntries[at] = 0;
        this.#ramRuns[at] = 0;
      }
    }
    const start = (page << places.PAGE) >> 1;
    this.#inCode.fill(0, start, start + (1 << places.PAGE) / 2);
    this.#inPage.delete(page);
    this.pages[page] = 0;
  }

  // Count a branch to an address; return whether it has a translation.
  reached(address) {
    const offset = address - places.RAM;
    let at = offset >> 1;
    let entries = this.#ramEntries;
    let runs = this.#ramRuns;
    if (offset < 0 || offset >= places.RAM_SIZE) {
      if (address >>> FLASH_BITS !== places.FLASH >>> FLASH_BITS) return false;
      at = (address & FLASH_MASK) >> 1;
      entries = this.#flashEntries;
      runs = this.#flashRuns;
    }
    if (entries[at] !== 0) return true;
    const urgent = 2 * this.#often;
    if (runs[at] > urgent) return false;
    runs[at]++;
    if (runs[at] === this.#often) this.#pending.push(address);
    // A loop is not left for long, and need not wait for other code.
    if (this.#pending.length >= TOGETHER || runs[at] === urgent) this.update();
    return entries[at] !== 0;
  }

  // Run translations for at most `limit` cycles; return whether the interpreter has to run an instruction.
  run(core, limit) {
    const flags = this.#flags;
    flags[0] = core.Z ? 0 : core.N ? -1 : 1;
    flags[1] = core.C ? 1 : 0;
    flags[2] = core.V ? -1 : 0;
    const result = this.#run(0, limit);
    core.cycles += result & 0x7fffffff;
    core.N = flags[0] < 0;
    core.Z = flags[0] === 0;
    core.C = flags[1] !== 0;
    core.V = flags[2] < 0;
    return result < 0;
  }

  // Translate the code that has run often.
  update() {
    if (this.#pending.length) this.#translate();
  }

  #halfword(address) {
    const offset = address - places.RAM;
    if (offset >= 0 && offset < places.RAM_SIZE) {
      return this.#ram16[offset >> 1];
    }
    return address >>> FLASH_BITS === places.FLASH >>> FLASH_BITS ? this.#flash16[(address & FLASH_MASK) >> 1] : undefined;
  }

  #used(address) {
    const offset = address - places.RAM;
    if (offset >= 0 && offset < places.RAM_SIZE) return this.#ramRuns[offset >> 1] > this.#rarely;
    return this.#flashRuns[(address & FLASH_MASK) >> 1] > this.#rarely;
  }

  #translate() {
    const halfword = (address) => this.#halfword(address);
    const used = (address) => this.#used(address);
    const translations = [];
    const covered = new Set();
    for (const address of this.#pending) {
      if (covered.has(address) || halfword(address) === undefined) continue;
      const translation = translate(address, halfword, used);
      if (translation === undefined) continue;
      translations.push(translation);
      for (const [entry] of translation.entries) covered.add(entry);
    }
    this.#pending = [];
    if (translations.length === 0 || this.#free + translations.length > TABLE) return;
    const functions = compile(this.memory, translations);
    translations.forEach(({ entries, instructions }, i) => {
      this.#table.set(this.#free, functions[i]);
      this.#add(entries, instructions, this.#free++);
    });
  }

  #add(entries, instructions, number) {
    const [first] = instructions;
    if (first >>> FLASH_BITS === places.FLASH >>> FLASH_BITS) {
      this.#lastInFlash = Math.max(this.#lastInFlash, ...instructions.map((at) => at & FLASH_MASK));
      for (const [address, index] of entries) {
        this.#flashEntries[(address & FLASH_MASK) >> 1] ||= (number << 8) | index;
      }
      return;
    }
    const translation = { entries };
    for (const [address, index] of entries) this.#ramEntries[(address - places.RAM) >> 1] = (number << 8) | index;
    // A BL has two halfwords, maybe in two pages.
    const offsets = instructions.flatMap((at) => [at - places.RAM, at + 2 - places.RAM]);
    for (const offset of offsets) this.#inCode[offset >> 1] = 1;
    const pages = new Set(offsets.map((offset) => offset >> places.PAGE));
    for (const page of pages) {
      this.pages[page] = 1;
      if (!this.#inPage.has(page)) this.#inPage.set(page, []);
      this.#inPage.get(page).push(translation);
    }
  }
}
