// Run programs on two emulated Picos, one of which only interprets, and exit with 1 if their states differ.
//
//   RP2040JS=FOLDER node compare_translations.mjs RP2040 SCRATCH random SEED...
//   RP2040JS=FOLDER node compare_translations.mjs RP2040 SCRATCH firmware FIRMWARE.uf2 SCRIPT.py SLICES
//
// RP2040 is the folder of the emulator, and SCRATCH one for the contents of flash. A random program runs
// in flash, and in RAM, where it also changes its code. The firmware boots and runs a script.

import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [emulator, scratch, kind, ...options] = process.argv.slice(2);
const modules = pathToFileURL(join(emulator, "/"));
const { FLASH_START, Flash } = await import(new URL("flash.mjs", modules));
const { Pico } = await import(new URL("pico.mjs", modules));
console.warn = () => {};

const RAM = 0x20000000;
const DATA = RAM + 0x1000;
const STACK = RAM + 0x3000;
const CODE = RAM + 0x8000;

function powerUp(number, firmware, often) {
  const file = join(scratch, `${number}.bin`);
  fs.rmSync(file, { force: true });
  const output = [];
  const serial = { receive: (_, bytes) => output.push(bytes), ready: () => true };
  const pico = new Pico(new Flash(file, firmware), serial, often);
  return Object.assign(pico, { output });
}

function state({ core, mcu, idle, output }) {
  const { registers, N, Z, C, V, PM, IPSR, cycles } = core;
  const ram = createHash("md5").update(mcu.sram).digest("hex");
  return JSON.stringify({ registers: [...registers], N, Z, C, V, PM, IPSR, cycles, idle, ram, sent: output.length });
}

function compare(picos, text) {
  const [interpreted, translated] = picos.map(state);
  if (interpreted === translated) return;
  console.error(`${text}\ninterpreted ${interpreted}\ntranslated  ${translated}`);
  process.exit(1);
}

// Return a function that returns numbers below its argument. Source: mulberry32 by Tommy Ettinger.
function generator(seed) {
  let state32 = seed;
  return (limit) => {
    state32 = (state32 + 0x6d2b79f5) | 0;
    let x = Math.imul(state32 ^ (state32 >>> 15), state32 | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % limit;
  };
}

const NOP = 0x46c0;
// ADDS r0, 1
const SKIPPED = 0x3001;

// Return the halfwords of an endless random program. It changes r0 to r4; r6 is DATA, r8 is STACK, and r7
// is the address of an instruction that it changes, if `changing`.
function program(below, changing) {
  const low = () => below(5);
  const index = () => 0x2500 | (below(32) << 2);
  const kinds = [
    // LSLS, LSRS, ASRS
    () => [(below(3) << 11) | (below(32) << 6) | (low() << 3) | low()],
    // ADDS, SUBS
    () => [0x1800 | (below(4) << 9) | (low() << 6) | (low() << 3) | low()],
    // MOVS, CMP, ADDS, SUBS
    () => [0x2000 | (below(4) << 11) | (low() << 8) | below(256)],
    // data processing, twice as often
    () => [0x4000 | (below(16) << 6) | (low() << 3) | low()],
    () => [0x4000 | (below(16) << 6) | (low() << 3) | low()],
    // ADD, CMP, MOV, also from and to r9 to r12
    () => [0x4400 | (below(3) << 8) | (low() << 3) | low()],
    () => [0x4680 | (low() << 3) | (1 + below(4)), 0x4648 | (below(4) << 3) | low()],
    // NOP, MOV from PC
    () => [0xbf00],
    () => [0x4678 | low()],
    // LDR of a literal
    () => [0x4800 | (low() << 8) | below(4)],
    // transfers at an index, at a number, and on the stack
    () => [index(), 0x5000 | (below(8) << 9) | (5 << 6) | (6 << 3) | low()],
    () => [[0x6000, 0x6800, 0x7000, 0x7800, 0x8000, 0x8800][below(6)] | (below(32) << 6) | (6 << 3) | low()],
    () => [0x9000 | (below(2) << 11) | (low() << 8) | below(16)],
    // ADR, ADD of SP, ADD to SP, SUB from it
    () => [0xa000 | (below(2) << 11) | (low() << 8) | below(256)],
    () => [0xb000 | (below(2) << 7) | below(4)],
    // extensions, REV, REV16, REVSH
    () => [0xb200 | (below(4) << 6) | (low() << 3) | low()],
    () => [0xba00 | ([0, 1, 3][below(3)] << 6) | (low() << 3) | low()],
    // PUSH, POP, STM, LDM
    () => [0xb400 | (1 + below(31)) | (below(2) << 8), 0xbc00 | (1 + below(31))],
    () => [0x0035, 0xc500 | (1 + below(31)), 0x0035, 0xcd00 | (1 + below(31))],
    // B on a condition, B, BL
    () => [0xd000 | (below(14) << 8), SKIPPED],
    () => [0xe000, SKIPPED],
    () => [0xf000, 0xf800],
    // BX, BLX, MOV PC, POP with PC; the target follows
    () => [0xa401, 0x3401, 0x4720, NOP],
    () => [0xa401, 0x3401, 0x47a0, NOP],
    () => [0xa401, 0x46a7, NOP, NOP],
    () => [0xa402, 0x3401, 0xb410, 0xbd00, NOP, NOP],
  ];
  // MOV SP, r8; then the instruction at r7
  const code = [0x46c5, 0x2400];
  if (changing) code.push(0x783b, 0x3301, 0x703b, NOP);
  for (let i = 0; i < 70; i++) {
    // ADR counts from whole words.
    if (code.length & 1) code.push(NOP);
    code.push(...kinds[below(kinds.length)]());
  }
  code.push(0xe000 | (-(code.length + 2) & 0x7ff));
  return code;
}

// Return a UF2 file with the halfwords at the start of flash.
function uf2(code) {
  const bytes = Buffer.from(new Uint16Array(code).buffer);
  const blocks = [];
  for (let at = 0; at < bytes.length; at += 256) {
    const block = Buffer.alloc(512);
    block.writeUInt32LE(0x0a324655, 0);
    block.writeUInt32LE(FLASH_START + at, 12);
    block.writeUInt32LE(256, 16);
    bytes.copy(block, 32, at, at + 256);
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

function compareRandom(seed) {
  for (const start of [FLASH_START, CODE]) {
    const below = generator(seed);
    const code = program(below, start === CODE);
    const picos = [Infinity, 3].map((often, i) => powerUp(i, uf2(code), often));
    const registers = Array.from({ length: 16 }, () => below(2 ** 32));
    for (const { core, mcu } of picos) {
      code.forEach((halfword, i) => mcu.writeUint16(CODE + 2 * i, halfword));
      registers.forEach((value, i) => (core.registers[i] = value));
      Object.assign(core, { SP: STACK, PC: start });
      [core.registers[6], core.registers[7], core.registers[8]] = [DATA, start + 2, STACK];
    }
    for (let slice = 0; slice < 120; slice++) {
      for (const pico of picos) pico.run(97);
      compare(picos, `program ${seed} at ${start.toString(16)}, slice ${slice}`);
    }
  }
}

// Run for a number of cycles, and skip waiting times.
function pass(pico, cycles) {
  const end = pico.core.cycles + cycles;
  for (let i = 0; i < 1000 && pico.core.cycles < end; i++) {
    pico.run(end - pico.core.cycles);
    if (!pico.core.waiting) continue;
    if (!Number.isFinite(pico.nanosToAlarm)) return;
    pico.wait(pico.nanosToAlarm);
  }
}

function compareFirmware(firmware, script, slices) {
  const picos = [Infinity, 100].map((often, i) => powerUp(i, fs.readFileSync(firmware), often));
  for (let slice = 0; slice < slices; slice++) {
    for (const pico of picos) {
      // The firmware has booted by then.
      if (slice === 60) pico.usb.send(0, Buffer.from("\x03\x01"));
      if (slice === 70) pico.usb.send(0, Buffer.concat([fs.readFileSync(script), Buffer.from("\x04")]));
      pass(pico, 200_000);
    }
    compare(picos, `slice ${slice}`);
  }
  console.log(Buffer.concat(picos[1].output).toString());
}

if (kind === "random") options.forEach((seed) => compareRandom(Number(seed)));
else compareFirmware(options[0], options[1], Number(options[2]));
