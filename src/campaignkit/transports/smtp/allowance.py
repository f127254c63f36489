"""How many sessions an account may use: what its host said in, a number out. Pure; forgotten with the process."""

import attrs

__all__ = ["SessionAllowance"]

# After so many accepted messages without a complaint one more session is tried.
RECOVERY_MESSAGES = 50


@attrs.define
class SessionAllowance:
    """Halved when the host is busy, and one more after every fifty messages that it accepts.

    >>> allowance = SessionAllowance(8)
    >>> allowance.learn(accepted=3, is_busy=True)
    >>> allowance.count
    4
    >>> allowance.learn(accepted=100, is_busy=False)
    >>> allowance.count
    6
    """

    most: int
    count: int = attrs.field(init=False)
    _accepted: int = attrs.field(default=0, init=False)  # since the last change

    def __attrs_post_init__(self) -> None:
        self.count = self.most

    def learn(self, *, accepted: int, is_busy: bool, crowded_at: int | None = None) -> None:
        """Take over what one batch came to.

        Args:
            is_busy: The host asked for patience; however many sessions heard it, it is one complaint.
            crowded_at: It refused one more session than that, and served those.
        """
        if is_busy:
            self.count, self._accepted = max(self.count // 2, 1), 0
        elif crowded_at:
            self.count, self._accepted = min(self.count, crowded_at), 0
        else:
            more, self._accepted = divmod(self._accepted + accepted, RECOVERY_MESSAGES)
            self.count = min(self.count + more, self.most)
