// Count time in the core's cycles.

import { SimulationClock } from "./rp2040js.mjs";

// Nanoseconds that a division may lose.
const EPSILON = 0.01;

// The clock of rp2040js's peripherals. It reads the core's cycles, so that an instruction only compares
// them with `due`, the cycle of the next alarm.
export class CycleClock extends SimulationClock {
  core = null;
  due = Infinity;
  // 125 MHz until the firmware sets its clocks.
  #nanosPerCycle = 8;
  // Cycles and time at the last change of the frequency.
  #cycles = 0;
  #nanos = 0;

  get nanos() {
    if (this.core === null) return 0;
    return this.#nanos + (this.core.cycles - this.#cycles) * this.#nanosPerCycle;
  }

  // Count `core.cycles` from now on.
  follow(core) {
    this.core = core;
    this.#cycles = core.cycles;
    this.#update();
  }

  setFrequency(hertz) {
    this.#nanos = this.nanos;
    this.#cycles = this.core.cycles;
    this.#nanosPerCycle = 1e9 / hertz;
    this.#update();
  }

  linkAlarm(delay, alarm) {
    super.linkAlarm(delay, alarm);
    this.#update();
    return alarm;
  }

  unlinkAlarm(alarm) {
    const removed = super.unlinkAlarm(alarm);
    this.#update();
    return removed;
  }

  // Ring the alarms that are due.
  ring() {
    while (this.nextAlarm !== null && this.nextAlarm.nanos <= this.nanos + EPSILON) {
      const alarm = this.nextAlarm;
      this.nextAlarm = alarm.next;
      alarm.scheduled = false;
      alarm.callback();
    }
    this.#update();
  }

  get cyclesToAlarm() {
    return Math.max(this.due - this.core.cycles, 0);
  }

  cyclesIn(nanos) {
    return Math.ceil(nanos / this.#nanosPerCycle);
  }

  nanosIn(cycles) {
    return cycles * this.#nanosPerCycle;
  }

  #update() {
    const alarm = this.nextAlarm;
    this.due =
      alarm === null || this.core === null
        ? Infinity
        : this.#cycles + this.cyclesIn(alarm.nanos - this.#nanos - EPSILON);
  }
}

// Control and status, with a flag for a count of 0 since the last read.
const CSR = 0x10;
// The count that follows 0.
const RVR = 0x14;
// The count; every write clears it.
const CVR = 0x18;
const ENABLE = 1;
const TICKINT = 2;
const COUNTFLAG = 1 << 16;

// SysTick, exact to the cycle; the timer of rp2040js loses cycles at each overflow of its 24 bits.
// Source: Arm DDI 0419, ARMv6-M Architecture Reference Manual, B3.3.
export class SysTick {
  #core;
  #alarm;
  #clock;
  #control = 0;
  #reload = 0xffffff;
  // The count of the stopped timer, or the count in cycle #start.
  #value = 0;
  #start = 0;
  // Passes through 0 that a read of CSR has reported.
  #turns = 0;

  constructor(core, clock) {
    this.#core = core;
    this.#clock = clock;
    this.#alarm = clock.createAlarm(() => this.#interrupt());
  }

  // Return a register's value, or undefined if the register is not SysTick's.
  read(offset) {
    if (offset === RVR) return this.#reload;
    if (offset === CVR) return this.#count();
    if (offset !== CSR) return undefined;
    const flag = this.#turn() > this.#turns ? COUNTFLAG : 0;
    this.#turns = this.#turn();
    return flag | this.#control;
  }

  // Write a register; return whether the register is SysTick's.
  write(offset, value) {
    if (offset !== CSR && offset !== RVR && offset !== CVR) return false;
    const count = offset === CVR ? 0 : this.#count();
    if (offset === CSR) this.#control = value & 7;
    if (offset === RVR) this.#reload = value & 0xffffff;
    this.#value = count;
    this.#start = this.#core.cycles;
    this.#turns = 0;
    this.#schedule();
    return true;
  }

  #elapsed() {
    return this.#control & ENABLE ? this.#core.cycles - this.#start : 0;
  }

  #count() {
    const left = this.#value - this.#elapsed();
    if (left >= 0) return left;
    return this.#reload - ((-left - 1) % (this.#reload + 1));
  }

  #turn() {
    const beyond = this.#elapsed() - this.#value;
    // A count that a write has cleared is no pass through 0.
    if (this.#value === 0) return Math.floor(beyond / (this.#reload + 1));
    return beyond < 0 ? 0 : 1 + Math.floor(beyond / (this.#reload + 1));
  }

  #schedule() {
    this.#alarm.cancel();
    if ((this.#control & (ENABLE | TICKINT)) !== (ENABLE | TICKINT)) return;
    this.#alarm.schedule(this.#clock.nanosIn(this.#count() || this.#reload + 1));
  }

  #interrupt() {
    this.#core.pendingSystick = true;
    this.#core.interruptsUpdated = true;
    this.#schedule();
  }
}
