// Translate Thumb instructions to WebAssembly, with the effects and the cycles of `core.mjs`.
//
// A function contains the blocks that follow one another from an address without a call. Its parameters are
// the index of a block and a limit of cycles; it returns the cycles of the instructions that it ran. It
// stops before an instruction that accesses a peripheral, writes to translated code, or is rare: the
// interpreter runs it. The sign bit of the result is set then, and if the limit could be exceeded.
// Registers are in memory after each instruction, so that it can stop anywhere; flags are in locals.

import { Code } from "./wasm.mjs";
import * as places from "./places.mjs";

const SP = 13;
const LR = 14;
const PC = 15;
const NOP = 0xbf00;
// Limits of one function, in blocks, and of one block, in instructions.
const BLOCKS = 60;
const LENGTH = 48;

// Locals.
const ENTRY = 0;
const LIMIT = 1;
const CYCLES = 2;
const NEXT = 3;
const SIGN = 4;
const CARRY = 5;
const OVERFLOW = 6;
const ADDRESS = 7;
const A = 8;
const B = 9;
const RESULT = 10;
// Copies of the registers, 15 locals.
const COPIES = 11;
const WORDS = 24;
const LONG = 26;
const STOPPED = 0x80000000;

// Comparisons of the operands of a subtraction by the number of their condition.
const COMPARISONS = { 2: "ge_u", 3: "lt_u", 9: "le_u", 10: "ge_s", 11: "lt_s", 12: "gt_s", 13: "le_s" };

// Return whether an instruction can be translated, and whether it ends a block.
function classify(opcode, opcode2) {
  const top = opcode >> 11;
  const d8 = (opcode >> 8) & 7;
  if (top === 8 && opcode & 0x400) {
    const m = (opcode >> 3) & 15;
    const high = (opcode & 7) | ((opcode >> 4) & 8);
    const operation = (opcode >> 8) & 3;
    if (operation === 3) return { known: m !== PC, ends: true };
    if (m === PC) return { known: false };
    if (operation === 1) return { known: high < SP };
    if (high === PC) return { known: operation === 2, ends: true };
    return { known: true };
  }
  if (top === 8) return { known: ((opcode >> 6) & 15) !== 7 };
  if (top === 22) return { known: d8 === 0 || d8 === 2 || d8 === 4 || d8 === 5 };
  if (opcode === NOP) return { known: true };
  if (top === 23) return { known: (d8 === 4 && (opcode & 255) !== 0) || d8 === 5, ends: d8 === 5 };
  if (top === 24 || top === 25) return { known: (opcode & 255) !== 0 };
  if (top === 26 || top === 27) return { known: ((opcode >> 8) & 15) < 14, ends: true };
  if (top === 28) return { known: true, ends: true };
  if (top === 30) return { known: (opcode2 & 0xd000) === 0xd000, ends: true };
  return { known: top !== 29 && top !== 31 };
}

// Return the target of a BL.
export function callee(pc, opcode, opcode2) {
  const sign = (opcode >> 10) & 1;
  const i1 = 1 - (sign ^ ((opcode2 >> 13) & 1));
  const i2 = 1 - (sign ^ ((opcode2 >> 11) & 1));
  const high = (sign ? 0xff000000 : 0) | (i1 << 23) | (i2 << 22) | ((opcode & 0x3ff) << 12);
  return pc + 4 + (high | ((opcode2 & 0x7ff) << 1));
}

const conditionalTarget = (pc, opcode) => pc + 4 + ((opcode << 24) >> 23);
const branchTarget = (pc, opcode) => pc + 4 + ((opcode << 21) >> 20);

// Return the addresses that may follow a block whose last instruction is at `pc`.
function successors(pc, opcode) {
  const top = opcode >> 11;
  if (top === 26 || top === 27) return [pc + 2, conditionalTarget(pc, opcode)];
  if (top === 28) return [branchTarget(pc, opcode)];
  if (top === 30) return [pc + 4];
  // BLX
  if ((opcode & 0xff80) === 0x4780) return [pc + 2];
  return [];
}

function count(list) {
  let bits = 0;
  for (; list; list &= list - 1) bits++;
  return bits;
}

// Return the addresses of the blocks that follow `start`.
//
// halfword    function that returns the halfword at an address, or undefined outside of code
// used        function that returns whether an address has been reached by a branch
function findBlocks(start, halfword, used) {
  const found = new Set([start]);
  const pending = [start];
  while (pending.length) {
    let pc = pending.pop();
    for (let length = 0; length < LENGTH; length++) {
      const opcode = halfword(pc);
      const opcode2 = halfword(pc + 2);
      if (opcode === undefined || opcode2 === undefined) break;
      const { known, ends } = classify(opcode, opcode2);
      if (!known) break;
      if (ends) {
        for (const next of successors(pc, opcode)) {
          const near = opcode >> 11 === 30 || used(next);
          if (near && !found.has(next) && found.size < BLOCKS && halfword(next) !== undefined) {
            found.add(next);
            pending.push(next);
          }
        }
        break;
      }
      pc += 2;
      if (found.has(pc)) break;
    }
  }
  return [...found].sort((a, b) => a - b);
}

// Return {code, words, longs, entries, instructions}: a function for `compile`, [address, index] of its
// blocks, and the addresses of its instructions; undefined if the first instruction is not translated.
//
// halfword, used    see `findBlocks`
export function translate(start, halfword, used) {
  const { known } = classify(halfword(start), halfword(start + 2) ?? 0);
  if (!known) return undefined;
  const blocks = findBlocks(start, halfword, used);
  const instructions = [];
  const code = new Code();
  const writer = new Writer(code, blocks, halfword, instructions);
  code.number(0).memory("load", places.SIGN).set(SIGN);
  code.number(0).memory("load", places.CARRY).set(CARRY);
  code.number(0).memory("load", places.OVERFLOW).set(OVERFLOW);
  // The structures: stop, leave, the loop, and one for each block.
  code.block().block().loop();
  for (let i = 0; i < blocks.length; i++) code.block();
  code.get(ENTRY).branchTable(blocks.map((_, i) => i));
  for (let i = 0; i < blocks.length; i++) {
    code.do("end");
    writer.write(i);
  }
  // The end of the loop, and of "leave".
  code.do("end", "end");
  finish(code, 0);
  // The end of "stop".
  code.do("end");
  finish(code, STOPPED);
  const entries = blocks.map((address, index) => [address, index]);
  const useful = entries.filter(([address]) => classify(halfword(address), halfword(address + 2) ?? 0).known);
  return { code, words: WORDS, longs: 1, entries: useful, instructions };
}

// Store the state and return the cycles.
function finish(code, flag) {
  code.number(0).get(SIGN).memory("store", places.SIGN);
  code.number(0).get(CARRY).memory("store", places.CARRY);
  code.number(0).get(OVERFLOW).memory("store", places.OVERFLOW);
  code.number(0).get(NEXT).memory("store", places.REGISTERS + 4 * PC);
  code.get(CYCLES);
  if (flag) code.number(flag).do("or");
  code.do("return");
}

class Writer {
  constructor(code, blocks, halfword, instructions) {
    this.code = code;
    this.blocks = blocks;
    this.halfword = halfword;
    this.instructions = instructions;
  }

  // Write the block with an index. Structures outside of its code: `rest` blocks, loop, leave, stop.
  write(index) {
    const { code, blocks } = this;
    this.rest = blocks.length - 1 - index;
    // Structures that the instruction has opened.
    this.inside = 0;
    this.copied = new Set();
    this.compared = false;
    this.cycles = 0;
    const start = blocks[index];
    this.pc = start;
    const limitAt = this.#checkLimit();
    let length = 0;
    for (;;) {
      const opcode = this.halfword(this.pc);
      const opcode2 = this.halfword(this.pc + 2);
      const { known, ends } = length < LENGTH && opcode2 !== undefined ? classify(opcode, opcode2) : {};
      if (!known) {
        if (length < LENGTH) this.#stop();
        else this.#go(this.pc, 0);
        break;
      }
      this.instructions.push(this.pc);
      length++;
      if (ends) {
        this.#end(opcode, opcode2);
        break;
      }
      this.#instruction(opcode);
      this.pc += 2;
      if (this.blocks.includes(this.pc)) {
        this.#go(this.pc, 0);
        break;
      }
    }
    // No path of a block takes more than this.
    code.bytes[limitAt] = 0x80 | (this.longest & 127);
    code.bytes[limitAt + 1] = this.longest >> 7;
  }

  // Stop if the cycles of the block could exceed the limit; return the place of their number, two bytes.
  #checkLimit() {
    const { code } = this;
    this.longest = 0;
    code.get(CYCLES).number(0x1000);
    const at = code.bytes.length - 2;
    code.do("add").get(LIMIT).do("gt_s").if();
    this.inside++;
    this.#stop();
    code.do("end");
    this.inside--;
    return at;
  }

  // Count cycles of an instruction that has completed.
  #take(cycles) {
    this.cycles += cycles;
    this.longest = Math.max(this.longest, this.cycles);
  }

  #addCycles(cycles) {
    if (cycles > 0) this.code.get(CYCLES).number(cycles).do("add").set(CYCLES);
  }

  // Stop before the instruction at this.pc.
  #stop() {
    this.#addCycles(this.cycles);
    this.code.number(this.pc).set(NEXT).branch(this.inside + this.rest + 2);
  }

  // Stop if the number on the stack is not 0.
  #stopIf() {
    this.code.if();
    this.inside++;
    this.#stop();
    this.code.do("end");
    this.inside--;
  }

  // Go to an address after an instruction of `cycles`.
  #go(target, cycles) {
    const index = this.blocks.indexOf(target);
    this.longest = Math.max(this.longest, this.cycles + cycles);
    this.#addCycles(this.cycles + cycles);
    if (index < 0) {
      this.code.number(target).set(NEXT).branch(this.inside + this.rest + 1);
    } else {
      this.code.number(index).set(ENTRY).branch(this.inside + this.rest);
    }
  }

  // Go to the address in NEXT.
  #leave(cycles) {
    this.longest = Math.max(this.longest, this.cycles + cycles);
    this.#addCycles(this.cycles + cycles);
    this.code.branch(this.inside + this.rest + 1);
  }

  #get(register) {
    const local = COPIES + register;
    if (this.copied.has(register)) {
      this.code.get(local);
    } else {
      this.code.number(0).memory("load", places.REGISTERS + 4 * register).tee(local);
      // A copy that only one path makes is no copy.
      if (this.inside === 0) this.copied.add(register);
    }
    return this.code;
  }

  // Set a register to the number on the stack.
  #set(register) {
    const local = COPIES + register;
    this.code.set(local).number(0).get(local).memory("store", places.REGISTERS + 4 * register);
    this.copied.add(register);
  }

  // Set N and Z of the number on the stack and keep it there.
  #flags() {
    this.compared = false;
    return this.code.tee(SIGN);
  }

  // Add A and B; leave the result on the stack.
  #add() {
    const { code } = this;
    this.compared = false;
    code.get(A).get(B).do("add").tee(SIGN).get(A).do("lt_u").set(CARRY);
    code.get(A).get(SIGN).do("xor").get(B).get(SIGN).do("xor", "and").set(OVERFLOW);
    code.get(SIGN);
  }

  // Add A, B and the flag C; leave the result on the stack.
  #addWithCarry() {
    const { code } = this;
    this.compared = false;
    code.get(A).get(B).do("add").tee(RESULT).get(CARRY).do("add").set(SIGN);
    // A carry from either addition.
    code.get(RESULT).get(A).do("lt_u").get(SIGN).get(RESULT).do("lt_u", "or").set(CARRY);
    code.get(A).get(SIGN).do("xor").get(B).get(SIGN).do("xor", "and").set(OVERFLOW);
    code.get(SIGN);
  }

  // Subtract B from A and leave the result on the stack.
  #subtract() {
    const { code } = this;
    code.get(A).get(B).do("sub").set(SIGN);
    code.get(A).get(B).do("ge_u").set(CARRY);
    code.get(A).get(B).do("xor").get(A).get(SIGN).do("xor", "and").set(OVERFLOW);
    code.get(SIGN);
    this.compared = true;
  }

  // Put the offset in RAM of ADDRESS on the stack.
  #ramOffset() {
    return this.code.get(ADDRESS).number(places.RAM).do("sub");
  }

  // Load from ADDRESS by the instruction `name` of 1 << `scale` bytes; leave the value on the stack.
  #load(name, scale) {
    const { code } = this;
    if (scale) {
      code.get(ADDRESS).number((1 << scale) - 1).do("and");
      this.#stopIf();
    }
    this.#ramOffset().tee(RESULT).number(places.RAM_SIZE).do("lt_u").if(true);
    this.inside++;
    code.get(RESULT).memory(name, places.RAM_AT);
    code.do("else").get(ADDRESS).number(24).do("shr_u").number(places.FLASH >>> 24).do("ne");
    this.#stopIf();
    code.get(ADDRESS).number(places.FLASH_SIZE - 1).do("and").memory(name, places.FLASH_AT);
    code.do("end");
    this.inside--;
  }

  // Stop unless RAM has `size` bytes at ADDRESS without translated code; set RESULT to the offset in RAM.
  #checkStore(size, alignment) {
    const { code } = this;
    this.#ramOffset().tee(RESULT).number(places.RAM_SIZE - size + 1).do("ge_u");
    if (alignment > 1) code.get(RESULT).number(alignment - 1).do("and", "or");
    this.#stopIf();
    code.get(RESULT).number(places.PAGE).do("shr_u").memory("load8_u", places.TRANSLATED);
    if (size > alignment) {
      code.get(RESULT).number(size - 1).do("add").number(places.PAGE).do("shr_u");
      code.memory("load8_u", places.TRANSLATED).do("or");
    }
    this.#stopIf();
  }

  // Store register `t` at ADDRESS.
  #store(name, scale, t) {
    this.#checkStore(1 << scale, 1 << scale);
    this.code.get(RESULT);
    this.#get(t).memory(name, places.RAM_AT);
  }

  // Set ADDRESS to the sum of a register and a number.
  #address(register, offset) {
    this.#get(register);
    if (offset) this.code.number(offset).do("add");
    this.code.set(ADDRESS);
  }

  // Store registers and perhaps LR from ADDRESS on.
  #storeList(list, last) {
    const registers = [];
    for (let i = 0; i < 8; i++) if (list & (1 << i)) registers.push(i);
    if (last !== undefined) registers.push(last);
    this.#checkStore(4 * registers.length, 4);
    registers.forEach((register, i) => {
      this.code.get(RESULT);
      this.#get(register).memory("store", places.RAM_AT + 4 * i);
    });
  }

  // Stop unless RAM has `size` bytes at ADDRESS; set RESULT to the offset in RAM.
  #checkLoad(size) {
    const { code } = this;
    this.#ramOffset().tee(RESULT).number(places.RAM_SIZE - size + 1).do("ge_u");
    code.get(RESULT).number(3).do("and", "or");
    this.#stopIf();
  }

  #loadList(list) {
    let place = places.RAM_AT;
    for (let i = 0; i < 8; i++) {
      if ((list & (1 << i)) === 0) continue;
      this.code.get(RESULT).memory("load", place);
      this.#set(i);
      place += 4;
    }
    return place;
  }

  // Stop if the address in NEXT returns from an exception.
  #checkTarget() {
    this.code.get(NEXT).number(28).do("shr_u").number(15).do("eq");
    // #stop sets NEXT.
    this.#stopIf();
    this.code.get(NEXT).number(-2).do("and").set(NEXT);
  }

  // Put a condition on the stack.
  #condition(condition) {
    const { code, compared } = this;
    const comparison = COMPARISONS[condition];
    if (compared && comparison) {
      code.get(A).get(B).do(comparison);
      return;
    }
    switch (condition >> 1) {
      case 0: code.get(SIGN).do("eqz"); break;
      case 1: code.get(CARRY); break;
      case 2: code.get(SIGN).number(0).do("lt_s"); break;
      case 3: code.get(OVERFLOW).number(0).do("lt_s"); break;
      case 4: code.get(CARRY).get(SIGN).do("eqz", "eqz", "and"); break;
      case 5: code.get(SIGN).get(OVERFLOW).do("xor").number(0).do("ge_s"); break;
      default:
        code.get(SIGN).do("eqz", "eqz").get(SIGN).get(OVERFLOW).do("xor").number(0).do("ge_s", "and");
    }
    if (condition & 1) code.do("eqz");
  }

  // Shift register `x` by the register `y`; set the flags and leave the result on the stack.
  #shift(operation, x, y) {
    const { code } = this;
    this.#get(y).number(255).do("and").set(B);
    this.#get(x).set(A);
    // 63 places are as many as 255. select takes the first of two numbers if the third is not 0.
    const least = () => {
      code.get(B).number(63).get(B).number(63).do("lt_u", "select", "extend_u");
    };
    if (operation === "left") {
      code.get(A).do("extend_u");
      least();
      code.do("shl64").set(LONG);
      code.get(LONG).number64(32).do("shr_u64", "wrap").number(1).do("and");
    } else {
      const shift = operation === "right" ? "shr_u64" : "shr_s64";
      code.get(A).do(operation === "right" ? "extend_u" : "extend_s").set(LONG);
      code.get(LONG).number64(1).do("shl64");
      least();
      code.do(shift, "wrap").number(1).do("and");
    }
    code.get(CARRY).get(B).do("select").set(CARRY);
    if (operation !== "left") {
      code.get(LONG);
      least();
      code.do(operation === "right" ? "shr_u64" : "shr_s64").set(LONG);
    }
    code.get(LONG).do("wrap");
    this.#flags();
  }

  #dataProcessing(opcode) {
    const { code } = this;
    const d = opcode & 7;
    const m = (opcode >> 3) & 7;
    const both = () => {
      this.#get(d).set(A);
      this.#get(m).set(B);
    };
    switch ((opcode >> 6) & 15) {
      case 0: this.#get(d); this.#get(m).do("and"); break;
      case 1: this.#get(d); this.#get(m).do("xor"); break;
      case 2: this.#shift("left", d, m); this.#set(d); return;
      case 3: this.#shift("right", d, m); this.#set(d); return;
      case 4: this.#shift("signed", d, m); this.#set(d); return;
      case 5: both(); this.#addWithCarry(); this.#set(d); return;
      case 6:
        this.#get(d).set(A);
        this.#get(m).number(-1).do("xor").set(B);
        this.#addWithCarry();
        this.#set(d);
        return;
      case 8: this.#get(d); this.#get(m).do("and"); this.#flags().set(RESULT); return;
      case 9:
        code.number(0).set(A);
        this.#get(m).set(B);
        this.#subtract();
        this.#set(d);
        return;
      case 10: both(); this.#subtract(); code.set(RESULT); return;
      case 11: both(); this.#add(); code.set(RESULT); return;
      case 12: this.#get(d); this.#get(m).do("or"); break;
      case 13: this.#get(d); this.#get(m).do("mul"); break;
      case 14: this.#get(d); this.#get(m).number(-1).do("xor", "and"); break;
      default: this.#get(m).number(-1).do("xor");
    }
    this.#flags();
    this.#set(d);
  }

  // Write an instruction that does not end a block.
  #instruction(opcode) {
    const { code, pc } = this;
    const n = (opcode >> 3) & 7;
    const d = opcode & 7;
    const d8 = (opcode >> 8) & 7;
    const immediate5 = (opcode >> 6) & 31;
    const immediate8 = opcode & 255;
    let cycles = 1;
    switch (opcode >> 11) {
      case 0: // LSLS, MOVS
        if (immediate5) {
          this.#get(n).number(32 - immediate5).do("shr_u").number(1).do("and").set(CARRY);
          this.#get(n).number(immediate5).do("shl");
        } else {
          this.#get(n);
        }
        this.#flags();
        this.#set(d);
        break;
      case 1: // LSRS
        this.#get(n).number((immediate5 || 32) - 1).do("shr_u").number(1).do("and").set(CARRY);
        if (immediate5) this.#get(n).number(immediate5).do("shr_u");
        else code.number(0);
        this.#flags();
        this.#set(d);
        break;
      case 2: // ASRS
        this.#get(n).number((immediate5 || 32) - 1).do("shr_s").number(1).do("and").set(CARRY);
        this.#get(n).number(immediate5 || 31).do("shr_s");
        this.#flags();
        this.#set(d);
        break;
      case 3: // ADDS, SUBS of a register or of 3 bits
        this.#get(n).set(A);
        if (opcode & 0x400) code.number(immediate5 & 7);
        else this.#get(immediate5 & 7);
        code.set(B);
        if (opcode & 0x200) this.#subtract();
        else this.#add();
        this.#set(d);
        break;
      case 4: // MOVS
        code.number(immediate8);
        this.#flags();
        this.#set(d8);
        break;
      case 5: // CMP
      case 6: // ADDS
      case 7: // SUBS
        this.#get(d8).set(A);
        code.number(immediate8).set(B);
        if (opcode >> 11 === 6) this.#add();
        else this.#subtract();
        if (opcode >> 11 === 5) code.set(RESULT);
        else this.#set(d8);
        break;
      case 8:
        if (opcode & 0x400) this.#high(opcode);
        else this.#dataProcessing(opcode);
        break;
      case 9: // LDR of a literal
        code.number(((pc + 4) & ~3) + (immediate8 << 2)).set(ADDRESS);
        this.#load("load", 2);
        this.#set(d8);
        cycles = 2;
        break;
      case 10:
      case 11: {
        const [name, scale] = [
          ["store", 2], ["store16", 1], ["store8", 0], ["load8_s", 0],
          ["load", 2], ["load16_u", 1], ["load8_u", 0], ["load16_s", 1],
        ][(opcode >> 9) & 7];
        this.#get(n);
        this.#get((opcode >> 6) & 7).do("add").set(ADDRESS);
        this.#transfer(name, scale, d);
        cycles = 2;
        break;
      }
      case 12:
      case 13:
      case 14:
      case 15:
      case 16:
      case 17: {
        const [name, scale] = [
          ["store", 2], ["load", 2], ["store8", 0], ["load8_u", 0], ["store16", 1], ["load16_u", 1],
        ][(opcode >> 11) - 12];
        this.#address(n, immediate5 << scale);
        this.#transfer(name, scale, d);
        cycles = 2;
        break;
      }
      case 18: // STR on the stack
      case 19: // LDR from the stack
        this.#address(SP, immediate8 << 2);
        this.#transfer(opcode >> 11 === 18 ? "store" : "load", 2, d8);
        cycles = 2;
        break;
      case 20: // ADR
        code.number(((pc + 4) & ~3) + (immediate8 << 2));
        this.#set(d8);
        break;
      case 21: // ADD of SP
        this.#get(SP).number(immediate8 << 2).do("add");
        this.#set(d8);
        break;
      case 22:
        cycles = this.#miscellaneous(opcode);
        break;
      case 23: // POP, NOP
        if (opcode === NOP) break;
        this.#address(SP, 0);
        this.#checkLoad(4 * count(immediate8));
        this.#loadList(immediate8);
        this.#get(SP).number(4 * count(immediate8)).do("add");
        this.#set(SP);
        cycles = 1 + count(immediate8);
        break;
      case 24: // STM
        this.#address(d8, 0);
        this.#storeList(immediate8);
        code.get(ADDRESS).number(4 * count(immediate8)).do("add");
        this.#set(d8);
        cycles = 1 + count(immediate8);
        break;
      default: // LDM
        this.#address(d8, 0);
        this.#checkLoad(4 * count(immediate8));
        this.#loadList(immediate8);
        if ((immediate8 & (1 << d8)) === 0) {
          code.get(ADDRESS).number(4 * count(immediate8)).do("add");
          this.#set(d8);
        }
        cycles = 1 + count(immediate8);
    }
    this.#take(cycles);
  }

  #transfer(name, scale, t) {
    if (name.startsWith("store")) {
      this.#store(name, scale, t);
    } else {
      this.#load(name, scale);
      this.#set(t);
    }
  }

  // ADD, CMP and MOV of high registers
  #high(opcode) {
    const m = (opcode >> 3) & 15;
    const high = (opcode & 7) | ((opcode >> 4) & 8);
    const operation = (opcode >> 8) & 3;
    if (operation === 1) {
      this.#get(high).set(A);
      this.#get(m).set(B);
      this.#subtract();
      this.code.set(RESULT);
      return;
    }
    if (operation === 0) {
      this.#get(high);
      this.#get(m).do("add");
    } else {
      this.#get(m);
    }
    if (high === SP) this.code.number(-4).do("and");
    this.#set(high);
  }

  // ADD and SUB of SP, extensions, PUSH; return the cycles.
  #miscellaneous(opcode) {
    const { code } = this;
    const d = opcode & 7;
    const d8 = (opcode >> 8) & 7;
    if (d8 === 0) {
      this.#get(SP).number(((opcode & 127) << 2) * (opcode & 0x80 ? -1 : 1)).do("add");
      this.#set(SP);
      return 1;
    }
    if (d8 === 2) {
      this.#get((opcode >> 3) & 7);
      const kind = (opcode >> 6) & 3;
      if (kind === 0) code.do("extend16");
      else if (kind === 1) code.do("extend8");
      else code.number(kind === 2 ? 0xffff : 0xff).do("and");
      this.#set(d);
      return 1;
    }
    const size = count(opcode & 0x1ff);
    this.#address(SP, -4 * size);
    this.#storeList(opcode & 255, d8 === 5 ? LR : undefined);
    code.get(ADDRESS);
    this.#set(SP);
    return 1 + size;
  }

  // Write an instruction that ends a block.
  #end(opcode, opcode2) {
    const { code, pc } = this;
    const top = opcode >> 11;
    if (top === 8) {
      const m = (opcode >> 3) & 15;
      this.#get(m).set(NEXT);
      if (((opcode >> 8) & 3) === 2) { // MOV PC
        code.get(NEXT).number(-2).do("and").set(NEXT);
      } else {
        if (opcode & 0x80) { // BLX
          code.get(NEXT).number(-2).do("and").set(NEXT).number((pc + 2) | 1);
          this.#set(LR);
        } else {
          this.#checkTarget();
        }
      }
      this.#leave(2);
    } else if (top === 23) { // POP with PC
      const list = opcode & 255;
      const size = count(list) + 1;
      this.#address(SP, 0);
      this.#checkLoad(4 * size);
      code.get(RESULT).memory("load", places.RAM_AT + 4 * size - 4).set(NEXT);
      this.#checkTarget();
      this.#loadList(list);
      code.get(ADDRESS).number(4 * size).do("add");
      this.#set(SP);
      this.#leave(3 + size);
    } else if (top === 28) {
      this.#go(branchTarget(pc, opcode), 2);
    } else if (top === 30) {
      code.number((pc + 4) | 1);
      this.#set(LR);
      this.#go(callee(pc, opcode, opcode2), 3);
    } else {
      this.#condition((opcode >> 8) & 15);
      code.if();
      this.inside++;
      this.#go(conditionalTarget(pc, opcode), 2);
      code.do("end");
      this.inside--;
      this.#go(pc + 2, 1);
    }
  }
}
