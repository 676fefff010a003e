// Import the npm package rp2040js, which models the chip's peripherals.
//
// The environment variable RP2040JS names its folder. boards/emulated/build installs it there, outside of
// any node_modules.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = pathToFileURL(join(process.env.RP2040JS, "dist", "esm", "/"));

export const { RP2040, USBCDC } = await import(new URL("index.js", modules));
export const { SimulationClock } = await import(new URL("clock/simulation-clock.js", modules));
