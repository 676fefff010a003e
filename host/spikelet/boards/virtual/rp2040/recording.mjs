// Play rows of values at a constant rate of the board's time.

// Nanoseconds.
const SECOND = 1e9;

export class Recording {
  #rows;
  #rate;
  #loop;
  #start;
  #row = -1;

  // rows       measurements, row by row
  // rate_hz    rows per second
  // loop       whether the first row follows the last; otherwise the last row stays
  // first      start of the first row: "now", or "read" for half a row before `begin`, so that readings at
  //            this rate hit the middle of each row
  // nanos      present time
  constructor({ rows, rate_hz: rate, loop = false, first = "now" }, nanos) {
    this.#rows = rows;
    this.#rate = rate;
    this.#loop = loop;
    this.#start = first === "now" ? nanos : null;
  }

  // Return the number of values in a row.
  get width() {
    return this.#rows[0].length;
  }

  // Note a reading; the first one starts a recording with "read".
  begin(nanos) {
    this.#start ??= nanos - SECOND / this.#rate / 2;
  }

  // Return the row at a time if it differs from that of the last call, else undefined.
  next(nanos) {
    const past = this.#start === null ? 0 : nanos - this.#start;
    const at = Math.floor((past * this.#rate) / SECOND);
    const { length } = this.#rows;
    const row = this.#loop ? at % length : Math.min(at, length - 1);
    if (row === this.#row) return undefined;
    this.#row = row;
    return this.#rows[row];
  }
}
