// Run the processor: translate code that runs often, and interpret the rest.

import { instructionLoop } from "./core.mjs";

const PC = 15;

// Return a function that runs the processor for at least one instruction, up to a branch or the end of a
// translation. It stops at the cycle `end`, at the next alarm of the clock, and if the core waits.
//
// mcu             RP2040 of rp2040js, connected to the translations
// clock           CycleClock
// translations    see translations.mjs
export function running(mcu, clock, translations) {
  const core = mcu.core;
  const r = core.registers;
  const runInstruction = instructionLoop(mcu, translations);

  return function run(end) {
    const limit = Math.min(end, clock.due) - core.cycles;
    // Only the interpreter enters exceptions, and knows N and Z together, which only MSR can set.
    const plain = !core.interruptsUpdated && !(core.N && core.Z);
    if (plain && limit > 0 && translations.reached(r[PC])) {
      const stopped = translations.run(core, limit);
      if (!stopped || core.cycles >= clock.due || core.cycles >= end) return;
    }
    let branched;
    do {
      const next = r[PC] + 2;
      branched = runInstruction() || r[PC] !== next;
    } while (!branched && !core.waiting && core.cycles < clock.due && core.cycles < end);
  };
}
