// Where the state of the chip is in the memory that translated code shares with the interpreter.

export const RAM = 0x20000000;
export const RAM_SIZE = 0x42000;
export const FLASH = 0x10000000;
// Bytes of the Pico's flash; it appears again and again in the 16 MiB of its addresses.
export const FLASH_SIZE = 2 << 20;
// log2 of the bytes in a page of RAM; a store to a page with translated code removes the translation.
export const PAGE = 6;

// Places in the memory. REGISTERS are 16 words. The flag N is the sign of SIGN, Z is SIGN = 0, C is 0 or 1,
// V is the sign of OVERFLOW.
export const REGISTERS = 0;
export const SIGN = 64;
export const CARRY = 68;
export const OVERFLOW = 72;
// A byte for each page of RAM: whether it has translated code.
export const TRANSLATED = 0x1000;
export const RAM_AT = 0x10000;
// A word for each halfword: 0, or the index of its function << 8 | the index of its block.
export const RAM_ENTRIES = 0x100000;
export const FLASH_ENTRIES = 0x200000;
export const FLASH_AT = 0x600000;
export const SIZE = 0x800000;
