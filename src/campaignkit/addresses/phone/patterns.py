"""Patterns over digits: the regular expressions of a numbering plan in, automata out. Pure.

The numbering plans know only digits, sets of digits, groups, alternatives and bounded repeats. Anything else is
refused, so that whoever asks falls back to the library. An automaton is one of positions: each stands for one digit of
the pattern and knows which positions may follow (V. M. Glushkov, 1961). A state is a set of positions, one bit each.
"""

from collections.abc import Iterable, Iterator

import attrs

__all__ = ["END", "LENGTH_MAX", "YES", "Pattern", "UnknownConstruct", "compile_pattern"]

LENGTH_MAX = 17  # digits; phonenumbers reads no longer national number
END = 1  # the bit of the place behind the last digit
YES = -1  # the state of a pattern that matches whatever digits follow

_ALL_DIGITS = (1 << 10) - 1


class UnknownConstruct(Exception):
    """The pattern holds something that is read nowhere in this module. It never leaves the room."""


@attrs.frozen
class Pattern:
    """One pattern. ``start`` is the state before the first digit."""

    start: int
    accepting_digit: tuple[int, ...]  # by digit: the positions that accept it
    followers: tuple[int, ...]  # by position: the state behind it
    finishing: tuple[int, ...]  # by count of digits to come: positions from which some such digits lead to the end
    certain: tuple[int, ...]  # by count of digits to come: positions from which all such digits lead to the end

    def step(self, state: int, digit: int) -> int:
        """Return the state after *digit*."""
        accepted = state & self.accepting_digit[digit]
        following = 0
        while accepted:
            lowest = accepted & -accepted
            following |= self.followers[lowest.bit_length() - 1]
            accepted ^= lowest
        return following

    def settle(self, state: int, rest: int) -> int:
        """Return what *state* comes to when exactly *rest* digits follow: YES, 0 for no, or the open positions."""
        return YES if state & self.certain[rest] else state & self.finishing[rest]

    def settle_prefix(self, state: int, rest: int) -> int:
        """Return what *state* comes to if the pattern need match only the beginning."""
        return YES if state & END else state if rest else 0


@attrs.frozen
class _Fragment:
    first: int  # positions that may come first
    last: int  # positions that may come last
    may_be_empty: bool


_EMPTY = _Fragment(0, 0, True)


def compile_pattern(text: str) -> Pattern:
    """Return the automaton of the regular expression *text*.

    Raises:
        UnknownConstruct: there is something else in it than digits, sets, groups, alternatives, bounded repeats.

    >>> pattern = compile_pattern("[2-9]1")
    >>> pattern.settle(pattern.start, 2) == pattern.start, pattern.settle(pattern.start, 3)
    (True, 0)
    >>> pattern.settle(pattern.step(pattern.step(pattern.start, 4), 1), 0) == YES
    True
    """
    builder = _Builder()
    whole = builder.build(_Reader(text).read())
    builder.join(whole.last, END)
    return builder.finish(whole.first | (END if whole.may_be_empty else 0))


class _Builder:
    """Positions and what follows them, while fragments are put together."""

    def __init__(self) -> None:
        self.digits = [0]  # by position: the digits it accepts; position 0 is the end
        self.followers = [0]

    def build(self, node: "_Node") -> _Fragment:
        match node:
            case int():
                return self._place(node)
            case _Sequence(parts):
                return self._chain([self.build(part) for part in parts])
            case _Choice(branches):
                return _unite([self.build(branch) for branch in branches])
            case _Repeat(part, least, most):
                needed = [self.build(part) for _ in range(least)]
                return self._chain([*needed, *self._optional(part, most - least)])

    def join(self, last: int, following: int) -> None:
        for position in _positions(last):
            self.followers[position] |= following

    def finish(self, start: int) -> Pattern:
        everywhere = list(enumerate(self.followers))
        where_all = [(place, following) for place, following in everywhere if self.digits[place] == _ALL_DIGITS]
        accepting = tuple(_bits(place for place, own in enumerate(self.digits) if own >> one & 1) for one in range(10))
        return Pattern(start, accepting, tuple(self.followers), _back_from_end(everywhere), _back_from_end(where_all))

    def _place(self, digits: int) -> _Fragment:
        self.digits.append(digits)
        self.followers.append(0)
        bit = 1 << len(self.digits) - 1
        return _Fragment(bit, bit, False)

    def _chain(self, fragments: list[_Fragment]) -> _Fragment:
        whole = _EMPTY
        for following in fragments:
            self.join(whole.last, following.first)
            whole = _Fragment(
                whole.first | (following.first if whole.may_be_empty else 0),
                following.last | (whole.last if following.may_be_empty else 0),
                whole.may_be_empty and following.may_be_empty,
            )
        return whole

    def _optional(self, part: "_Node", count: int) -> list[_Fragment]:
        fragments = [self.build(part) for _ in range(count)]
        return [_Fragment(one.first, one.last, True) for one in fragments]


def _unite(fragments: list[_Fragment]) -> _Fragment:
    first = last = 0
    for one in fragments:
        first, last = first | one.first, last | one.last
    return _Fragment(first, last, any(one.may_be_empty for one in fragments))


def _positions(state: int) -> Iterator[int]:
    while state:
        lowest = state & -state
        yield lowest.bit_length() - 1
        state ^= lowest


def _bits(positions: Iterable[int]) -> int:
    state = 0
    for position in positions:
        state |= 1 << position
    return state


def _back_from_end(followers: list[tuple[int, int]]) -> tuple[int, ...]:
    """Return, by count of steps, the positions from which so many steps over *followers* lead to the end."""
    reached = [END]
    for _ in range(LENGTH_MAX):
        before = reached[-1]
        reached.append(_bits(place for place, following in followers if following & before) if before else 0)
    return tuple(reached)


@attrs.frozen
class _Sequence:
    parts: "tuple[_Node, ...]"


@attrs.frozen
class _Choice:
    branches: "tuple[_Node, ...]"


@attrs.frozen
class _Repeat:
    part: "_Node"
    least: int
    most: int


_Node = int | _Sequence | _Choice | _Repeat  # an int is the set of digits that one place accepts, one bit each


class _Reader:
    """Reads a regular expression by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def read(self) -> _Node:
        whole = self._choice()
        if self.place < len(self.text):
            raise UnknownConstruct(self.text)
        return whole

    def _choice(self) -> _Node:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self.place < len(self.text) and self.text[self.place] not in "|)":
            parts.append(self._repeated(self._atom()))
        return _Sequence(tuple(parts))

    def _atom(self) -> _Node:
        if self._take("(?:"):
            inside = self._choice()
            self._expect(")")
            return inside
        if self._take("\\d"):
            return _ALL_DIGITS
        if self._take("["):
            return self._set()
        return 1 << self._digit()

    def _set(self) -> int:
        digits = 0
        while not self._take("]"):
            low = self._digit()
            high = self._digit() if self._take("-") else low
            digits |= sum(1 << digit for digit in range(low, high + 1))
        return digits

    def _repeated(self, part: _Node) -> _Node:
        if self._take("?"):
            repeated = _Repeat(part, 0, 1)
        elif self._take("{"):
            least = self._number()
            most = self._number() if self._take(",") else least
            self._expect("}")
            repeated = _Repeat(part, least, most)
        else:
            return part
        if self.text[self.place : self.place + 1] in ("?", "*", "+", "{"):
            raise UnknownConstruct(self.text)
        return repeated

    def _number(self) -> int:
        number = self._digit()
        while "0" <= self.text[self.place : self.place + 1] <= "9":
            number = 10 * number + self._digit()
        return number

    def _digit(self) -> int:
        character = self.text[self.place : self.place + 1]
        if not "0" <= character <= "9":
            raise UnknownConstruct(self.text)
        self.place += 1
        return int(character)

    def _take(self, token: str) -> bool:
        if not self.text.startswith(token, self.place):
            return False
        self.place += len(token)
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise UnknownConstruct(self.text)
