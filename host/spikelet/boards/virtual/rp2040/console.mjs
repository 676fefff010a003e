// Connect a host to the board's USB serial port.

import { USBCDC } from "./rp2040js.mjs";

export class UsbConsole {
  #usb;
  #device;
  #incoming = Buffer.alloc(0);
  // Bytes that the board requests; 0 until it requests some again.
  #wanted = 0;

  // received    function that gets each Buffer from the board
  constructor(mcu, received) {
    this.#usb = mcu.usbCtrl;
    this.#device = new USBCDC(this.#usb);
    this.#device.onSerialData = (bytes) => received(Buffer.from(bytes));
    // A host lets the board wait until it has data. USBCDC would send empty packets instead, and keep the
    // board busy with their interrupts.
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
