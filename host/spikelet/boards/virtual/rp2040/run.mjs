// Run an emulated Raspberry Pi Pico until the standard input ends.
//
//   RP2040JS=FOLDER node run.mjs FIRMWARE.uf2 FLASH
//
// FOLDER contains the npm package rp2040js; the file FLASH contains the board's flash. The program first
// prints two ports of this machine: of the board's serial console, and of its second serial port. Then each
// line of the input is a JSON object, and the program answers it with the state of the board:
//
//   {"adc": [0, 4095, 2048]}             set the 12-bit readings of the ADC: GP26, GP27, GP28, GP29 and
//                                        the temperature; missing ones stay
//   {"i2c": {"bus": 0, "address": 106, "register": 15, "values": [108], "clears": {"18": 1}}}
//                                        set registers of a device and connect it if necessary; "clears"
//                                        are bits that clear themselves after a write; missing ones stay
//   {"adc_recording": {"rate_hz": 100, "rows": [[0, 4095], [7, 4000]], "loop": false, "first": "now"}}
//   {"i2c_recording": {"bus": 0, "address": 104, "register": 59, "rate_hz": 100, "rows": [[0, 1], [0, 2]]}}
//                                        play rows at a rate of the board's time; see recording.mjs
//   {"i2c_unplug": {"bus": 0, "address": 106}}, "i2c_plug"
//                                        unplug a device; plug it in again unchanged
//   {"hurry": true}                      skip the board's waiting times, so that time-outs on this machine
//                                        come late; false ends this
//   {"reset": 1}                         reset the board like its button RUN, after the answer
//   {"cut": 20}                          cut the power in the middle of the operation on flash that follows
//                                        20 complete ones; this process ends, too
//   {"wait_for_usb": 1}                  answer {"drive": true, "ports": 2} when the board's USB port is known:
//                                        whether it has a drive that this computer may write, and the number
//                                        of its serial ports
//   {"drive": {"sector": 0, "count": 1}}, {"drive": {"sector": 1, "data": "base64"}}
//                                        read or write sectors of the drive; answer {"done": true, "data": ...}
//   {"flash": {"start": 1048576}}        answer {"flash": "base64"}, the content of the flash from there on
//   {"quit": 1}                          end
//   {"stats": 1}, or another key         only answer
//
//   cycles    of the core since its last reset         idle      cycles of these that it waited
//   hertz     cycles in an emulated second             resets    number of resets
//   written   erased sectors and programmed pages since this process started

import fs from "node:fs";
import net from "node:net";
import readline from "node:readline";

import { Flash } from "./flash.mjs";
import { HardFault } from "./memory.mjs";
import { Pico } from "./pico.mjs";

// rp2040js would print its missing features among the answers.
console.warn = () => {};

// Bytes that a serial port holds for a slow reader, before the board has to wait.
const HELD = 65_536;
// Cycles between two checks of the sockets.
const SLICE = 200_000;
// Nanoseconds of the board's time to appear at the USB port.
const USB_PATIENCE = 20e9;
// Nanoseconds; shorter waits pass at once, longer ones in real time.
const SHORT = 1e6;

const [firmware, flashFile] = process.argv.slice(2);
let wake = () => {};

// A socket for one of the board's serial ports; a new connection replaces the one before.
class Socket {
  #port;
  #connection = null;

  constructor(port) {
    this.#port = port;
    this.server = net.createServer((connection) => this.#accept(connection));
  }

  get connected() {
    return this.#connection !== null;
  }

  // Whether the reader keeps up; a port without a reader loses its bytes.
  get ready() {
    return (this.#connection?.writableLength ?? 0) < HELD;
  }

  write(bytes) {
    this.#connection?.write(bytes);
  }

  end(text, then) {
    this.#connection.end(text, then);
  }

  #accept(connection) {
    this.#connection?.destroy();
    this.#connection = connection;
    connection.setNoDelay(true);
    // The host has disconnected; "close" follows.
    connection.on("error", () => {});
    connection.on("close", () => {
      if (this.#connection === connection) this.#connection = null;
      resume(this.#port);
    });
    connection.on("drain", () => resume(this.#port));
    connection.on("data", (bytes) => {
      pico.usb.send(this.#port, bytes);
      wake();
    });
  }
}

function resume(port) {
  pico.usb.resume(port);
  wake();
}

const sockets = [new Socket(0), new Socket(1)];
const [console_] = sockets;
const flash = new Flash(flashFile, fs.readFileSync(firmware));
const pico = new Pico(flash, {
  receive: (port, bytes) => sockets[port]?.write(bytes),
  ready: (port) => sockets[port]?.ready ?? true,
});

let listening = 0;
for (const { server } of sockets) {
  server.listen(0, "127.0.0.1", () => {
    if (++listening === sockets.length) console.log(sockets.map((each) => each.server.address().port).join(" "));
  });
}

let hurry = false;

const COMMANDS = {
  adc: (values) => pico.feedAdc(values),
  adc_recording: (recording) => pico.playAdc(recording),
  i2c: (device) => pico.i2c[device.bus].feed(device),
  i2c_recording: (device) => pico.i2c[device.bus].play(device),
  i2c_unplug: (device) => pico.i2c[device.bus].unplug(device),
  i2c_plug: (device) => pico.i2c[device.bus].plug(device),
  hurry: (enabled) => (hurry = enabled),
  cut: (operations) => flash.cutAfter(operations, () => process.exit(0)),
};

// Commands whose answer comes later.
const REQUESTS = {
  drive: ({ sector, count, data }, answer) => {
    const done = (bytes) => answer({ done: bytes !== null, data: bytes?.toString("base64") });
    if (data === undefined) pico.storage.read(sector, count, done);
    else pico.storage.write(sector, Buffer.from(data, "base64"), done);
  },
  flash: ({ start }, answer) => answer({ flash: Buffer.from(flash.content.subarray(start)).toString("base64") }),
  wait_for_usb: (_, answer) => {
    const alarm = pico.clock.createAlarm(() => answer({ drive: false, ports: 0 }));
    alarm.schedule(USB_PATIENCE);
    pico.usb.whenKnown(() => {
      alarm.cancel();
      answer({ drive: pico.storage.writable, ports: pico.usb.ports });
    });
  },
};

function obey({ reset, quit, ...commands }) {
  for (const [name, value] of Object.entries(commands)) {
    if (REQUESTS[name] === undefined) continue;
    REQUESTS[name](value, (answer) => console.log(JSON.stringify(answer)));
    wake();
    return;
  }
  for (const [name, value] of Object.entries(commands)) COMMANDS[name]?.(value);
  const { idle, resets, core, mcu } = pico;
  const written = flash.operations;
  console.log(JSON.stringify({ cycles: core.cycles, idle, hertz: mcu.clkSys, resets, written }));
  if (reset) pico.reset();
  if (quit) process.exit(0);
  wake();
}

readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line)))
  .on("close", () => process.exit(0));

// Pass time for a core that waits: in real time, or until data arrive.
async function wait() {
  const nanos = pico.nanosToAlarm;
  if (nanos < SHORT || (hurry && Number.isFinite(nanos))) {
    pico.wait(nanos);
    if (nanos >= SHORT) await new Promise(setImmediate);
    return;
  }
  const start = performance.now();
  await new Promise((resolve) => {
    const timer = Number.isFinite(nanos) ? setTimeout(resolve, nanos / 1e6) : null;
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  wake = () => {};
  pico.wait((performance.now() - start) * 1e6);
}

async function run() {
  for (;;) {
    pico.run(SLICE);
    if (pico.core.waiting) await wait();
    else await new Promise(setImmediate);
  }
}

run().catch((problem) => {
  if (!(problem instanceof HardFault)) throw problem;
  if (!console_.connected) process.exit(1);
  console_.end(`the emulated Pico stopped: ${problem.message}\r\n`, () => process.exit(1));
});
