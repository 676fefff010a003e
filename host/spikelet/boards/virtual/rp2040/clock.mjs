// Time, counted in the core's cycles.

import { SimulationClock } from "./rp2040js.mjs";

const EPSILON = 0.01; // nanoseconds; what division may lose

// The clock of rp2040js's peripherals. It reads the core's cycles, so that running an instruction costs
// no more than comparing them with `due`, the cycle at which the next alarm is to ring.
export class CycleClock extends SimulationClock {
  core = null;
  due = Infinity;
  #nanosPerCycle = 8; // 125 MHz, until the firmware has set its clocks
  #cycles = 0; // when the frequency last changed,
  #nanos = 0; // and the time then

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
    const found = super.unlinkAlarm(alarm);
    this.#update();
    return found;
  }

  // Ring the alarms whose time has come.
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

const CSR = 0x10; // control: counting, interrupting; whether it has come to 0 since the last look
const RVR = 0x14; // what follows on 0
const CVR = 0x18; // the count; writing anything clears it
const ENABLE = 1;
const TICKINT = 2;
const COUNTFLAG = 1 << 16;

// SysTick, exact to the cycle: rp2040js's own loses some at each turn of its 24 bits.
// Source: Arm DDI 0419, ARMv6-M Architecture Reference Manual, B3.3.
export class SysTick {
  #core;
  #alarm;
  #clock;
  #control = 0;
  #reload = 0xffffff;
  #value = 0; // the count while it stands, or what it was in cycle #start
  #start = 0;
  #turns = 0; // through 0 that have been told

  constructor(core, clock) {
    this.#core = core;
    this.#clock = clock;
    this.#alarm = clock.createAlarm(() => this.#interrupt());
  }

  // Return a register's value, or undefined where it is none of SysTick's.
  read(offset) {
    if (offset === RVR) return this.#reload;
    if (offset === CVR) return this.#count();
    if (offset !== CSR) return undefined;
    const flag = this.#turn() > this.#turns ? COUNTFLAG : 0;
    this.#turns = this.#turn();
    return flag | this.#control;
  }

  // Write a register; return whether it is one of SysTick's.
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
    if (this.#value === 0) return Math.floor(beyond / (this.#reload + 1)); // clearing it is no turn
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
