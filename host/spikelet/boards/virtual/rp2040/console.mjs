// The board's USB serial port, as a host sees it.

import { USBCDC } from "./rp2040js.mjs";

export class UsbConsole {
  #usb;
  #device;
  #incoming = Buffer.alloc(0);
  #wanted = 0; // bytes that the board can take; it is asked for no more until it had some

  // received    called with each Buffer that the board sends
  constructor(mcu, received) {
    this.#usb = mcu.usbCtrl;
    this.#device = new USBCDC(this.#usb);
    this.#device.onSerialData = (bytes) => received(Buffer.from(bytes));
    // A host has the board wait until there is something to send. USBCDC would send nothing again and
    // again instead, and keep the board busy with its interrupts.
    this.#usb.onEndpointRead = (endpoint, size) => {
      if (endpoint !== this.#device.outEndpoint) return;
      this.#wanted = size;
      this.#deliver();
    };
  }

  send(bytes) {
    this.#incoming = Buffer.concat([this.#incoming, bytes]);
    this.#deliver();
  }

  #deliver() {
    if (this.#wanted === 0 || this.#incoming.length === 0) return;
    const packet = this.#incoming.subarray(0, this.#wanted);
    this.#incoming = this.#incoming.subarray(packet.length);
    this.#wanted = 0;
    this.#usb.endpointReadDone(this.#device.outEndpoint, packet);
  }
}
