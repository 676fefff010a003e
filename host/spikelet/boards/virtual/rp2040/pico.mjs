// A Raspberry Pi Pico: rp2040js's RP2040 with flash, a boot ROM, a USB console, and devices to measure.

import { BootRom, COMMON } from "./boot_rom.mjs";
import { CycleClock, SysTick } from "./clock.mjs";
import { UsbConsole } from "./console.mjs";
import { instructionLoop } from "./core.mjs";
import { FLASH_START } from "./flash.mjs";
import { HardFault } from "./memory.mjs";
import { Recording } from "./recording.mjs";
import { RegisterBus } from "./registers.mjs";
import { RP2040 } from "./rp2040js.mjs";

const ROM_END = 0x4000;
const WATCHDOG = 0x40058; // rp2040js's name for it, the upper digits of its address
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export class Pico {
  resets = 0;
  adc = [0, 0, 0, 0, 876]; // readings of 12 bits: GP26 to GP29, and the temperature, 27 degrees
  i2c = [new RegisterBus(() => this.nanos), new RegisterBus(() => this.nanos)];
  #adcRecording = null;
  #past = 0; // nanoseconds before the last reset
  #flash;
  #rom;
  #received;
  #run;
  #resetWanted = false;

  // received    called with what the board sends to its console
  constructor(flash, received) {
    this.#flash = flash;
    this.#rom = new BootRom({ ...COMMON, ...flash.romFunctions });
    this.#received = received;
    this.#powerUp();
  }

  // Start the board anew; only its flash, and why it was reset, stay.
  #powerUp(reason = 0) {
    this.idle = 0; // cycles that the core has waited
    this.#past = this.nanos;
    this.clock = new CycleClock();
    this.mcu = new RP2040(this.clock);
    this.core = this.mcu.core;
    this.mcu.logger = SILENT;
    this.mcu.loadBootrom(this.#rom.words);
    this.mcu.flash.set(this.#flash.content);
    this.clock.follow(this.core);
    this.mcu.addClockListener((hertz) => this.clock.setFrequency(hertz));
    this.mcu.onBreak = (number) => this.#breakpoint(number);
    this.console = new UsbConsole(this.mcu, this.#received);
    this.#connectDevices();
    this.#connectSysTick();
    this.#connectWatchdog(reason);
    this.core.PC = FLASH_START; // the ROM would have copied the second stage to RAM; it runs here as well
    this.#run = instructionLoop(this.mcu);
  }

  #connectDevices() {
    const { adc } = this.mcu;
    const read = adc.onADCRead;
    adc.channelValues = this.adc;
    adc.onADCRead = (channel) => {
      const row = this.#adcRecording?.next(this.nanos);
      if (row !== undefined) this.adc.splice(0, row.length, ...row);
      this.#adcRecording?.begin(this.nanos);
      read(channel);
    };
    this.i2c.forEach((bus, i) => bus.connectTo(this.mcu.i2c[i]));
  }

  #connectSysTick() {
    const { ppb } = this.mcu;
    const systick = new SysTick(this.core, this.clock);
    const read = ppb.readUint32.bind(ppb);
    const write = ppb.writeUint32.bind(ppb);
    ppb.readUint32 = (offset) => systick.read(offset) ?? read(offset);
    ppb.writeUint32 = (offset, value) => systick.write(offset, value) || write(offset, value);
  }

  #connectWatchdog(reason) {
    this.watchdog = this.mcu.peripherals[WATCHDOG];
    this.watchdog.reason = reason;
    this.watchdog.onWatchdogTrigger = () => {
      this.watchdog.alarm.enable = false; // at 0 it would ring again and again
      this.reset();
    };
  }

  #breakpoint(number) {
    if (this.core.PC > ROM_END) throw new HardFault(`breakpoint ${number} at ${this.core.PC.toString(16)}`);
    this.#rom.call(number, this);
  }

  // Reset the board as its watchdog does, before the next instruction.
  reset() {
    this.#resetWanted = true;
  }

  // Set what the ADC reads from now on.
  feedAdc(values) {
    this.#adcRecording = null;
    this.adc.splice(0, values.length, ...values);
  }

  // Let a recording set what the ADC reads.
  playAdc(recording) {
    this.#adcRecording = new Recording(recording, this.nanos);
  }

  // Time since the board was switched on, through its resets.
  get nanos() {
    return this.#past + (this.clock?.nanos ?? 0);
  }

  // Run until the core waits, or for so many cycles. Raises HardFault where the chip stops.
  run(cycles) {
    const { core, clock } = this;
    const end = core.cycles + cycles;
    while (core.cycles < end && !core.waiting && !this.#resetWanted) {
      this.#run();
      if (core.cycles >= clock.due) clock.ring();
    }
    if (!this.#resetWanted) return;
    this.#resetWanted = false;
    this.resets++;
    this.#powerUp(this.watchdog.reason);
  }

  // Let time pass while the core waits, at most until the next alarm.
  wait(nanos) {
    const cycles = Math.min(this.clock.cyclesIn(nanos), this.clock.cyclesToAlarm);
    this.core.cycles += cycles;
    this.idle += cycles;
    if (this.core.cycles >= this.clock.due) this.clock.ring();
  }

  get nanosToAlarm() {
    return this.clock.nanosIn(this.clock.cyclesToAlarm);
  }
}
