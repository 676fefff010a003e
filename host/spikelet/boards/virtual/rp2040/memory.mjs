// Read and write the memory of the chip.

import { PAGE, RAM } from "./places.mjs";

// The highest byte of addresses in flash.
export const FLASH = 0x10;
const PC = 15;

// An error that stops the chip.
export class HardFault extends Error {}

// Return the memory of `bytes` as words of another type.
export function words(type, bytes) {
  return new type(bytes.buffer, bytes.byteOffset, bytes.length / type.BYTES_PER_ELEMENT);
}

// Return functions that read and write bytes, halfwords and words of `mcu`, an RP2040 of rp2040js. They
// access flash and RAM directly, and peripherals through `mcu`. An unaligned access raises HardFault.
//
// translations    forget the code that a write changes; see translations.mjs
export function memory(mcu, translations) {
  const r = mcu.core.registers;
  const ram8 = mcu.sram;
  const ram16 = words(Uint16Array, ram8);
  const ram32 = words(Uint32Array, ram8);
  const flash8 = mcu.flash;
  const flash16 = words(Uint16Array, flash8);
  const flash32 = words(Uint32Array, flash8);
  const flashMask = flash8.length - 1;
  const ramSize = ram8.length;
  const { pages } = translations;

  function unaligned(address) {
    const [target, at] = [address, r[PC]].map((number) => (number >>> 0).toString(16));
    throw new HardFault(`unaligned access to ${target} by the instruction at ${at}`);
  }

  function read32(address) {
    if (address & 3) unaligned(address);
    const offset = address - RAM;
    if (offset >= 0 && offset < ramSize) return ram32[offset >> 2];
    if (address >>> 24 === FLASH) return flash32[(address & flashMask) >> 2];
    return mcu.readUint32(address);
  }

  function read16(address) {
    if (address & 1) unaligned(address);
    const offset = address - RAM;
    if (offset >= 0 && offset < ramSize) return ram16[offset >> 1];
    if (address >>> 24 === FLASH) return flash16[(address & flashMask) >> 1];
    return mcu.readUint16(address);
  }

  function read8(address) {
    const offset = address - RAM;
    if (offset >= 0 && offset < ramSize) return ram8[offset];
    if (address >>> 24 === FLASH) return flash8[address & flashMask];
    return mcu.readUint8(address);
  }

  function write32(address, value) {
    if (address & 3) unaligned(address);
    const offset = address - RAM;
    if (offset >= 0 && offset < ramSize) {
      if (pages[offset >> PAGE]) translations.written(offset, 4);
      ram32[offset >> 2] = value;
    } else mcu.writeUint32(address, value);
  }

  function write16(address, value) {
    if (address & 1) unaligned(address);
    const offset = address - RAM;
    if (offset >= 0 && offset < ramSize) {
      if (pages[offset >> PAGE]) translations.written(offset, 2);
      ram16[offset >> 1] = value;
    } else mcu.writeUint16(address, value);
  }

  function write8(address, value) {
    const offset = address - RAM;
    if (offset >= 0 && offset < ramSize) {
      if (pages[offset >> PAGE]) translations.written(offset, 1);
      ram8[offset] = value;
    } else mcu.writeUint8(address, value);
  }

  return { read32, read16, read8, write32, write16, write8 };
}
