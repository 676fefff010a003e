// Build a Raspberry Pi Pico: rp2040js's RP2040 with flash, a boot ROM, a USB console and sensors.

import { BootRom, COMMON } from "./boot_rom.mjs";
import { CycleClock, SysTick } from "./clock.mjs";
import { FLASH_START } from "./flash.mjs";
import { Storage } from "./mass_storage.mjs";
import { HardFault } from "./memory.mjs";
import { Recording } from "./recording.mjs";
import { RegisterBus } from "./registers.mjs";
import { Pins } from "./pins.mjs";
import { RP2040 } from "./rp2040js.mjs";
import { running } from "./running.mjs";
import { OFTEN, Translations } from "./translations.mjs";
import { UsbHost } from "./usb_host.mjs";

const ROM_END = 0x4000;
// rp2040js's key of the watchdog, the upper digits of its address.
const WATCHDOG = 0x40058;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export class Pico {
  resets = 0;
  // 12-bit readings: GP26 to GP29, and the temperature, 27 degrees.
  adc = [0, 0, 0, 0, 876];
  i2c = [new RegisterBus(() => this.nanos), new RegisterBus(() => this.nanos)];
  #adcRecording = null;
  // Nanoseconds before the last reset.
  #past = 0;
  #flash;
  #rom;
  #serial;
  #run;
  // The wanted reset: null, or {reason, scratch}; the watchdog's scratch registers outlive only its own.
  #reset = null;
  #translations;
  storage = new Storage();

  // serial    {receive(port, bytes), ready(port)}: takes the bytes of serial ports; see UsbHost
  // often     runs of code until it is translated; Infinity for an interpreter
  constructor(flash, serial, often = OFTEN) {
    this.#translations = new Translations(often);
    this.#flash = flash;
    this.#rom = new BootRom({ ...COMMON, ...flash.romFunctions });
    this.#serial = serial;
    this.#powerUp();
  }

  // Restart the board; its flash and RAM stay.
  #powerUp(reset = { reason: 0, scratch: null }) {
    // Cycles for which the core has waited.
    this.idle = 0;
    this.#past = this.nanos;
    this.clock = new CycleClock();
    const ram = this.mcu?.sram;
    this.mcu = new RP2040(this.clock);
    if (ram !== undefined) this.mcu.sram.set(ram);
    this.core = this.mcu.core;
    this.#translations.connectTo(this.mcu);
    this.mcu.logger = SILENT;
    this.mcu.loadBootrom(this.#rom.words);
    this.mcu.flash.set(this.#flash.content);
    this.clock.follow(this.core);
    this.mcu.addClockListener((hertz) => this.clock.setFrequency(hertz));
    this.mcu.onBreak = (number) => this.#breakpoint(number);
    this.usb = new UsbHost(this.mcu, this.#serial, this.storage);
    new Pins(this.mcu, this.i2c);
    this.#connectDevices();
    this.#connectSysTick();
    this.#connectWatchdog(reset);
    // The ROM would copy the second stage to RAM; it also runs in flash.
    this.core.PC = FLASH_START;
    this.#run = running(this.mcu, this.clock, this.#translations);
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

  #connectWatchdog({ reason, scratch }) {
    this.watchdog = this.mcu.peripherals[WATCHDOG];
    this.watchdog.reason = reason;
    if (scratch !== null) this.watchdog.scratchData.set(scratch);
    this.watchdog.onWatchdogTrigger = () => {
      // At 0 the alarm would ring forever.
      this.watchdog.alarm.enable = false;
      this.#reset = { reason: this.watchdog.reason, scratch: this.watchdog.scratchData };
    };
  }

  #breakpoint(number) {
    if (this.core.PC > ROM_END) throw new HardFault(`breakpoint ${number} at ${this.core.PC.toString(16)}`);
    this.#rom.call(number, this);
  }

  // Reset the board like its pin RUN, before the next instruction.
  reset() {
    this.#reset = { reason: 0, scratch: null };
  }

  // Notice that a part of the flash has changed.
  flashChanged(start) {
    this.#translations.flashChanged(start);
  }

  // Set the readings of the ADC.
  feedAdc(values) {
    this.#adcRecording = null;
    this.adc.splice(0, values.length, ...values);
  }

  // Play a recording to the ADC.
  playAdc(recording) {
    this.#adcRecording = new Recording(recording, this.nanos);
  }

  // Return the time since the board was switched on, including resets.
  get nanos() {
    return this.#past + (this.clock?.nanos ?? 0);
  }

  // Run until the core waits, or for `cycles` cycles; raise HardFault if the chip stops.
  run(cycles) {
    const { core, clock } = this;
    const end = core.cycles + cycles;
    while (core.cycles < end && !core.waiting && this.#reset === null) {
      this.#run(end);
      if (core.cycles >= clock.due) clock.ring();
    }
    this.#translations.update();
    if (this.#reset === null) return;
    const reset = this.#reset;
    this.#reset = null;
    this.resets++;
    this.#powerUp(reset);
  }

  // Pass time while the core waits, at most until the next alarm.
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
