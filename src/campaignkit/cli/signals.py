"""Signals in, a request to stop out. Touches the process's signal handlers."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["StopRequest", "stop_on_signals"]

SIGNALS_MAX = 4096  # bytes, one for each signal that came since the last look


class StopRequest:
    """Set by a signal, waited for by a worker; an Event as far as ``CampaignKit.serve`` is concerned.

    ``threading.Event`` will not do: set by a handler that interrupts its own ``wait``, it can wait for itself forever.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._reading, self.wakeup = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self.wakeup, False)

    def set(self) -> None:
        """Ask for the end; safe in a signal handler, and to repeat. What wakes a wait is the signal itself."""
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """Return once it is set, after *timeout* seconds, or after another signal; whether it is set."""
        if not self._is_set and select.select([self._reading], [], [], timeout)[0]:
            os.read(self._reading, SIGNALS_MAX)
        return self._is_set

    def close(self) -> None:
        os.close(self._reading)
        os.close(self.wakeup)


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Yield what SIGTERM and SIGINT set. A second Ctrl-C interrupts at once; a second SIGTERM changes nothing.

    Supervisors may send SIGTERM to a process and its group, so two of them mean no more than one.
    """
    stop = StopRequest()

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    # Another thread may get the signal: a handler runs in the main one, which only this descriptor wakes.
    wakeup_before = signal.set_wakeup_fd(stop.wakeup, warn_on_full_buffer=False)
    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
