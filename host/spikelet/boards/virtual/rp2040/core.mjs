// Run the instructions of the RP2040's Cortex-M0+ faster than rp2040js, with the cycles of the chip.
//
// rp2040js keeps the state: registers, flags, interrupts and peripherals. It also runs the rare
// instructions. This loop adds speed, the right cycles of PUSH and POP, and the chip's fault at an
// unaligned access.
//
// Cycles: Arm DDI 0484C, Cortex-M0+ Technical Reference Manual, 3.3. The RP2040 multiplies in one cycle
// and accesses its SIO in one. On its slower bus, loads of peripherals take 4 cycles and stores 5, as in
// rp2040js. Code in flash runs as if it were always in the cache.
// Encodings: Arm DDI 0419, ARMv6-M Architecture Reference Manual, A5.

import { arithmetic } from "./arithmetic.mjs";
import { FLASH, memory, words } from "./memory.mjs";
import { RAM } from "./places.mjs";
import { callee } from "./translate.mjs";

const SP = 13;
const LR = 14;
const PC = 15;
// Cycles.
const EXCEPTION_ENTRY = 15;

// Return a function that runs the next instruction of `mcu`, an RP2040 of rp2040js. It returns true after a
// conditional branch, taken or not.
//
// translations    see `memory`
export function instructionLoop(mcu, translations) {
  const core = mcu.core;
  const r = core.registers;
  const ram16 = words(Uint16Array, mcu.sram);
  const flash16 = words(Uint16Array, mcu.flash);
  const flashMask = mcu.flash.length - 1;
  const ramSize = mcu.sram.length;
  const { read32, read16, read8, write32, write16, write8 } = memory(mcu, translations);
  const { setNZ, add, subtract, holds, shiftLeft, shiftRight, shiftRightSigned, rotate } = arithmetic(core);

  function loadCycles(address) {
    const region = address >>> 28;
    return region === 0xd ? 1 : region === 4 ? 4 : 2;
  }

  function storeCycles(address) {
    const region = address >>> 28;
    return region === 0xd ? 1 : region === 4 ? 5 : 2;
  }

  function dataProcessing(opcode) {
    const d = opcode & 7;
    const x = r[d];
    const y = r[(opcode >> 3) & 7];
    let result;
    switch ((opcode >> 6) & 15) {
      case 0: result = x & y; break;
      case 1: result = x ^ y; break;
      case 2: r[d] = shiftLeft(x, y & 255); return;
      case 3: r[d] = shiftRight(x, y & 255); return;
      case 4: r[d] = shiftRightSigned(x, y & 255); return;
      case 5: r[d] = add(x, y, core.C ? 1 : 0); return;
      case 6: r[d] = add(x, ~y >>> 0, core.C ? 1 : 0); return;
      case 7: r[d] = rotate(x, y & 255); return;
      case 8: setNZ(x & y); return;
      case 9: r[d] = subtract(0, y); return;
      case 10: subtract(x, y); return;
      case 11: add(x, y, 0); return;
      case 12: result = x | y; break;
      case 13: result = Math.imul(x, y); break;
      case 14: result = x & ~y; break;
      default: result = ~y;
    }
    r[d] = result;
    setNZ(result);
  }

  function extend(opcode) {
    const x = r[(opcode >> 3) & 7];
    switch ((opcode >> 6) & 3) {
      case 0: return (x << 16) >> 16;
      case 1: return (x << 24) >> 24;
      case 2: return x & 0xffff;
      default: return x & 0xff;
    }
  }

  // Store the registers of a list from `address` on; return the address after them.
  function storeList(list, address) {
    for (let i = 0; i < 8; i++) {
      if (list & (1 << i)) {
        write32(address, r[i]);
        address += 4;
      }
    }
    return address;
  }

  function loadList(list, address) {
    for (let i = 0; i < 8; i++) {
      if (list & (1 << i)) {
        r[i] = read32(address);
        address += 4;
      }
    }
    return address;
  }

  function count(list) {
    let bits = 0;
    for (; list; list &= list - 1) bits++;
    return bits;
  }

  // Load or store at an offset in a register; return the cycles.
  function transfer(opcode) {
    const address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) >>> 0;
    const t = opcode & 7;
    switch ((opcode >> 9) & 7) {
      case 0: write32(address, r[t]); return storeCycles(address);
      case 1: write16(address, r[t]); return storeCycles(address);
      case 2: write8(address, r[t]); return storeCycles(address);
      case 3: r[t] = (read8(address) << 24) >> 24; return loadCycles(address);
      case 4: r[t] = read32(address); return loadCycles(address);
      case 5: r[t] = read16(address); return loadCycles(address);
      case 6: r[t] = read8(address); return loadCycles(address);
      default: r[t] = (read16(address) << 16) >> 16; return loadCycles(address);
    }
  }

  return function runInstruction() {
    if (core.interruptsUpdated && core.checkForInterrupts()) {
      core.waiting = false;
      core.cycles += EXCEPTION_ENTRY;
    }
    const pc = r[PC] & ~1;
    const offset = pc - RAM;
    // The halfwords of the memory at PC, and the index of the opcode.
    let code, at;
    if (pc >>> 24 === FLASH) {
      code = flash16;
      at = (pc & flashMask) >> 1;
    } else if (offset >= 0 && offset < ramSize) {
      code = ram16;
      at = offset >> 1;
    } else {
      // The code is in the boot ROM.
      core.executeInstruction();
      return false;
    }
    const opcode = code[at];
    // Most encodings have these registers.
    const n = (opcode >> 3) & 7;
    const d = opcode & 7;
    const d8 = (opcode >> 8) & 7;
    const immediate5 = (opcode >> 6) & 31;
    const immediate8 = opcode & 255;
    let next = pc + 2;
    let cycles = 1;
    switch (opcode >> 11) {
      case 0: // LSLS, MOVS
        r[d] = shiftLeft(r[n], immediate5);
        break;
      case 1: // LSRS
        r[d] = shiftRight(r[n], immediate5 || 32);
        break;
      case 2: // ASRS
        r[d] = shiftRightSigned(r[n], immediate5 || 32);
        break;
      case 3: { // ADDS, SUBS of a register or of 3 bits
        const operand = opcode & 0x400 ? immediate5 & 7 : r[immediate5 & 7];
        r[d] = opcode & 0x200 ? subtract(r[n], operand) : add(r[n], operand, 0);
        break;
      }
      case 4: // MOVS
        r[d8] = immediate8;
        setNZ(immediate8);
        break;
      case 5: // CMP
        subtract(r[d8], immediate8);
        break;
      case 6: // ADDS
        r[d8] = add(r[d8], immediate8, 0);
        break;
      case 7: // SUBS
        r[d8] = subtract(r[d8], immediate8);
        break;
      case 8: {
        if ((opcode & 0x400) === 0) {
          dataProcessing(opcode);
          break;
        }
        const m = (opcode >> 3) & 15;
        const high = d | ((opcode >> 4) & 8);
        const operation = (opcode >> 8) & 3;
        if (m === PC || (operation < 3 && high >= SP)) {
          core.executeInstruction();
          return false;
        }
        if (operation === 0) r[high] += r[m]; // ADD
        else if (operation === 1) subtract(r[high], r[m]); // CMP
        else if (operation === 2) r[high] = r[m]; // MOV
        else { // BX, BLX
          const target = r[m];
          if (opcode & 0x80) {
            r[LR] = next | 1;
            next = target & ~1;
          } else {
            core.BXWritePC(target);
            next = r[PC];
          }
          cycles = 2;
        }
        break;
      }
      case 9: // LDR of a literal
        r[d8] = read32(((pc + 4) & ~3) + (immediate8 << 2));
        cycles = 2;
        break;
      case 10:
      case 11:
        cycles = transfer(opcode);
        break;
      case 12: { // STR
        const address = (r[n] + (immediate5 << 2)) >>> 0;
        write32(address, r[d]);
        cycles = storeCycles(address);
        break;
      }
      case 13: { // LDR
        const address = (r[n] + (immediate5 << 2)) >>> 0;
        r[d] = read32(address);
        cycles = loadCycles(address);
        break;
      }
      case 14: { // STRB
        const address = (r[n] + immediate5) >>> 0;
        write8(address, r[d]);
        cycles = storeCycles(address);
        break;
      }
      case 15: { // LDRB
        const address = (r[n] + immediate5) >>> 0;
        r[d] = read8(address);
        cycles = loadCycles(address);
        break;
      }
      case 16: { // STRH
        const address = (r[n] + (immediate5 << 1)) >>> 0;
        write16(address, r[d]);
        cycles = storeCycles(address);
        break;
      }
      case 17: { // LDRH
        const address = (r[n] + (immediate5 << 1)) >>> 0;
        r[d] = read16(address);
        cycles = loadCycles(address);
        break;
      }
      case 18: // STR on the stack
        write32(r[SP] + (immediate8 << 2), r[d8]);
        cycles = 2;
        break;
      case 19: // LDR from the stack
        r[d8] = read32(r[SP] + (immediate8 << 2));
        cycles = 2;
        break;
      case 20: // ADR
        r[d8] = ((pc + 4) & ~3) + (immediate8 << 2);
        break;
      case 21: // ADD of SP
        r[d8] = r[SP] + (immediate8 << 2);
        break;
      case 22:
        if (d8 === 0) { // ADD to SP, SUB from it
          r[SP] += ((opcode & 127) << 2) * (opcode & 0x80 ? -1 : 1);
        } else if (d8 === 2) {
          r[d] = extend(opcode);
        } else if (d8 === 4 || d8 === 5) { // PUSH, maybe LR too
          cycles = 1 + count(opcode & 0x1ff);
          r[SP] -= 4 * (cycles - 1);
          const end = storeList(immediate8, r[SP]);
          if (d8 === 5) write32(end, r[LR]);
        } else {
          core.executeInstruction();
          return false;
        }
        break;
      case 23:
        if (d8 === 4) { // POP
          cycles = 1 + count(immediate8);
          r[SP] = loadList(immediate8, r[SP]);
        } else if (d8 === 5) { // POP with PC
          cycles = 4 + count(immediate8);
          const end = loadList(immediate8, r[SP]);
          r[SP] = end + 4;
          core.BXWritePC(read32(end));
          next = r[PC];
        } else {
          core.executeInstruction();
          return false;
        }
        break;
      case 24: // STM
        r[d8] = storeList(immediate8, r[d8]);
        cycles = 1 + count(immediate8);
        break;
      case 25: { // LDM
        const end = loadList(immediate8, r[d8]);
        if ((immediate8 & (1 << d8)) === 0) r[d8] = end;
        cycles = 1 + count(immediate8);
        break;
      }
      case 26:
      case 27: { // B on a condition
        const condition = (opcode >> 8) & 15;
        if (condition >= 14) {
          core.executeInstruction();
          return false;
        }
        if (holds(condition)) {
          next = pc + 4 + ((opcode << 24) >> 23);
          cycles = 2;
        }
        r[PC] = next;
        core.cycles += cycles;
        return true;
      }
      case 28: // B
        next = pc + 4 + ((opcode << 21) >> 20);
        cycles = 2;
        break;
      case 30: {
        const opcode2 = code[at + 1];
        if ((opcode2 & 0xd000) !== 0xd000) {
          core.executeInstruction();
          return false;
        }
        r[LR] = (pc + 4) | 1; // BL
        next = callee(pc, opcode, opcode2);
        cycles = 3;
        break;
      }
      default:
        core.executeInstruction();
        return false;
    }
    r[PC] = next;
    core.cycles += cycles;
    return false;
  };
}
