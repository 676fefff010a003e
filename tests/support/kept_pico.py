"""An emulated Pico that stays switched on, so that one runtime serves many tests.

To copy a runtime to the emulated flash and to compile it there takes more time than most tests.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

import flash_image
from boards_under_test import blank
from mpremote.transport_serial import SerialTransport

from spikelet.boards.start_code import import_session

NETWORK = "kept.lif"  # a file that each test replaces
PATIENCE = 240  # seconds to compile the runtime, on a computer with other work
KNOWN = "import gc\n_known = set(globals()) | {'_known', '_name'}"
FORGET = """
for _name in [name for name in globals() if name not in _known]:
    del globals()[_name]
gc.collect()
"""


class KeptPico:
    """A Pico with one runtime, which it has imported; each test gives it the network to run.

    It has a folder of its own, so that another test can switch on another Pico meanwhile.
    """

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._transport: SerialTransport | None = None

    @contextmanager
    def connect(self, network: bytes) -> Iterator[SerialTransport]:
        """Give the raw REPL of the Pico, which holds the network; a test that fails ends the Pico.

        `session` is imported and `_paths` names the network, as after `import_session`.
        """
        try:
            transport = self._transport or self._start()
            transport.fs_writefile(NETWORK, network, chunk_size=1024)
            _run(transport, FORGET + f"_paths = {{'network.lif': {NETWORK!r}}}")
            patience = transport.serial.timeout
            yield transport
            transport.serial.timeout = patience
            transport.enter_raw_repl(soft_reset=False)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def session(self, network: bytes) -> Iterator:
        """Give the stream on which the runtime speaks; its test has to end the session."""
        with self.connect(network) as transport:
            transport.exec_raw_no_follow("session.main(_paths)")
            patience, transport.serial.timeout = transport.serial.timeout, 0
            yield transport.serial
            transport.serial.timeout = patience

    def close(self) -> None:
        """Switch the Pico off; the next test switches on a new one."""
        self._transport = None
        self._open.close()

    def _start(self) -> SerialTransport:
        pico = blank("pico", storage="pico-kept")
        flash_image.put(pico, flash_image.runtime(pico))
        transport = self._open.enter_context(pico.connect())
        _run(transport, import_session(pico.prelude) + KNOWN)
        self._transport = transport
        return transport


def _run(transport: SerialTransport, code: str) -> None:
    _, errors = transport.exec_raw(code, timeout=PATIENCE)
    assert not errors, errors.decode()
