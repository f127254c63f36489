"""The parts of texts by three other counters, and the whole characters of texts by regex.

Run in the peers' environment; prints for each peer what it says of each text.
"""
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any


def by_smsutil() -> Callable[[str], int]:
    import smsutil

    return lambda text: len(smsutil.split(text).parts)


def by_sms_counter() -> Callable[[str], int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was written for an older pydantic
        from sms.counter import SMSCounter
    count = SMSCounter().count
    return lambda text: count(text).segment


def by_smpplib() -> Callable[[str], int]:
    from smpplib.gsm import make_parts

    return lambda text: len(make_parts(text)[0])


def by_regex() -> Callable[[str], list[int]]:
    import regex

    cluster = regex.compile(r"\X")
    return lambda text: [found.end() for found in cluster.finditer(text)]


PEERS: dict[str, Callable[[], Callable[[str], Any]]] = {
    "smsutil": by_smsutil,
    "sms-counter": by_sms_counter,
    "smpplib": by_smpplib,
    "regex": by_regex,
}


def main() -> None:
    job = json.load(sys.stdin)
    answers = {name: list(map(PEERS[name](), job["texts"])) for name in job["peers"]}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
