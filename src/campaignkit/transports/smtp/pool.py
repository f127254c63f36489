"""Open sessions kept between rounds: asked for one, it gives a living one or opens another. Touches the network."""

import os
import time
from collections import deque

import attrs

from campaignkit.transports.smtp.connection import SmtpConnection
from campaignkit.transports.smtp.opening import open_session
from campaignkit.transports.smtp.settings import SmtpSettings

__all__ = ["SessionPool"]


@attrs.define
class SessionPool:
    """Resting sessions of one account, of this process only.

    Taking and giving back are single steps on a deque, so that threads may share a pool.
    """

    settings: SmtpSettings
    messages_per_connection: int
    idle_seconds: float
    _resting: deque[SmtpConnection] = attrs.field(factory=deque, init=False)
    _process_id: int = attrs.field(default=0, init=False)

    def take_resting(self) -> SmtpConnection | None:
        """Return a living session from an earlier message, None if there is none."""
        self._forget_inherited()
        while self._resting:
            try:
                connection = self._resting.pop()
            except IndexError:
                return None  # another thread was faster
            if self._is_fresh(connection):
                return connection
            connection.drop()
        return None

    def open(self) -> SmtpConnection:
        """Return a new session.

        Raises:
            SessionUnavailable: none could be opened.
        """
        self._forget_inherited()
        return SmtpConnection(open_session(self.settings), self.settings.timeouts)

    def give_back(self, connection: SmtpConnection) -> None:
        """Keep a session whose message is done."""
        connection.rest()
        self._resting.append(connection)

    def close(self) -> None:
        """Say goodbye to all resting sessions."""
        self._forget_inherited()
        deadline = time.monotonic() + self.settings.timeouts.quit
        while self._resting:
            self._resting.pop().quit(deadline - time.monotonic())

    def _is_fresh(self, connection: SmtpConnection) -> bool:
        return time.monotonic() - connection.rested_since <= self.idle_seconds and connection.is_alive()

    def _forget_inherited(self) -> None:
        """Close what a fork copied from the parent, without a QUIT: the parent still talks on it."""
        process_id = os.getpid()
        if self._process_id != process_id:
            inherited, self._resting = self._resting, deque()
            self._process_id = process_id
            for connection in inherited:
                connection.drop()
