// Run an emulated Raspberry Pi Pico until the standard input ends.
//
//   RP2040JS=FOLDER node run.mjs FIRMWARE.uf2 FLASH
//
// FOLDER is where the npm package rp2040js is, FLASH the file of what the board's flash holds. The port of
// its serial console, on this machine, is printed first. Then each line of the input is a JSON object, and
// is answered by one with the board's state:
//
//   {"adc": [0, 4095, 2048]}             what the ADC reads from now on, 12 bits: GP26, GP27, GP28, GP29, and
//                                        the temperature's; those that are not given stay
//   {"i2c": {"bus": 0, "address": 106, "register": 15, "values": [108], "clears": {"18": 1}}}
//                                        registers of a device, which is there from then on, and bits that
//                                        clear themselves when they are written; those not given stay
//   {"adc_recording": {"rate_hz": 100, "rows": [[0, 4095], [7, 4000]], "loop": false, "first": "now"}}
//   {"i2c_recording": {"bus": 0, "address": 104, "register": 59, "rate_hz": 100, "rows": [[0, 1], [0, 2]]}}
//                                        the same, row after row, at so many a second of the board's time;
//                                        see recording.mjs
//   {"i2c_unplug": {"bus": 0, "address": 106}}, "i2c_plug"
//                                        take a device away; bring it back as it was
//   {"hurry": true}                      from now on the board's time passes as fast as it can where it
//                                        waits; so time-outs on this machine come late. false ends it
//   {"reset": 1}                         as its button RUN does, once the answer is there
//   {"cut": 20}                          the power goes after so many operations on its flash, and with it
//                                        this process; the next operation is half done
//   {"quit": 1}                          end
//   {"stats": 1}, or anything else       nothing
//
//   cycles    of the core since it was last reset      idle      of these, so many it waited
//   hertz     cycles in an emulated second             resets    how often it was reset
//   written   sectors of its flash erased and pages programmed, since this process started

import fs from "node:fs";
import net from "node:net";
import readline from "node:readline";

import { Flash } from "./flash.mjs";
import { HardFault } from "./memory.mjs";
import { Pico } from "./pico.mjs";

console.warn = () => {}; // rp2040js tells of what it does not have, where only answers should be

const SLICE = 200_000; // cycles between looks at the sockets
const SHORT = 1e6; // nanoseconds; shorter waits pass at once, longer ones take as long as they say

const [firmware, flashFile] = process.argv.slice(2);
let socket = null;
let wake = () => {};

const flash = new Flash(flashFile, fs.readFileSync(firmware));
const pico = new Pico(flash, (bytes) => socket?.write(bytes));

const server = net.createServer((connection) => {
  socket?.destroy();
  socket = connection;
  socket.setNoDelay(true);
  socket.on("error", () => {}); // the host went away; "close" follows
  socket.on("close", () => {
    if (socket === connection) socket = null;
  });
  socket.on("data", (bytes) => {
    pico.console.send(bytes);
    wake();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));

let hurry = false;

const COMMANDS = {
  adc: (values) => pico.feedAdc(values),
  adc_recording: (recording) => pico.playAdc(recording),
  i2c: (device) => pico.i2c[device.bus].feed(device),
  i2c_recording: (device) => pico.i2c[device.bus].play(device),
  i2c_unplug: (device) => pico.i2c[device.bus].unplug(device),
  i2c_plug: (device) => pico.i2c[device.bus].plug(device),
  hurry: (wanted) => (hurry = wanted),
  cut: (operations) => flash.cutAfter(operations, () => process.exit(0)),
};

function obey({ reset, quit, ...commands }) {
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

// Let time pass for a core that waits: as fast as it does here, or until something comes.
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
  if (socket === null) process.exit(1);
  socket.end(`the emulated Pico stopped: ${problem.message}\r\n`, () => process.exit(1));
});
