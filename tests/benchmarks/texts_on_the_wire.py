"""Charged parts against the parts that a provider heard: mixed texts through the whole kit, with credit on."""

from collections.abc import Callable

from tests.benchmarks.figures import Figure, Verdict
from tests.services.kannel import missing
from tests.storms.wire import WIRE_TEXTS, WireVerdicts, send_over_kannel, send_over_smpp

SEED = 20260504


def measure() -> list[Figure]:
    return [_over_smpp(), *([_not_over_kannel()] if missing() else _over_kannel())]


def _told(send: Callable[..., WireVerdicts]) -> WireVerdicts:
    told = send(count=WIRE_TEXTS, seed=SEED)
    if told.complaints:
        raise RuntimeError("; ".join(told.complaints))
    return told


def _over_smpp() -> Figure:
    told = _told(send_over_smpp)
    return Figure(
        work=f"texts charged otherwise than their parts at an SMSC, of {told.texts:,}",
        measured=str(told.different),
        peer=f"the SMSC of smpp34 heard {told.parts:,} parts, up to {told.most_parts} of a text; {_mix(told)}",
        goal="0",
        verdict=Verdict(is_met=told.different == 0, why="what is charged is not what was sent"),
    )


def _over_kannel() -> list[Figure]:
    told = _told(send_over_kannel)
    heard = f"Kannel heard {told.parts:,} parts; {_mix(told)}"
    return [
        Figure(
            work=f"texts charged less than their parts behind Kannel, which splits by itself, of {told.texts:,}",
            measured=str(len(told.charged_less)),
            peer=heard,
            goal="0",
            verdict=Verdict(is_met=not told.charged_less, why="a part was not paid for"),
        ),
        Figure(
            work=f"texts charged more: Kannel cuts an emoji in two where that saves a part, of {told.texts:,}",
            measured=str(len(told.charged_more)),
            peer=heard,
        ),
    ]


def _not_over_kannel() -> Figure:
    return Figure(work="the same behind Kannel", measured="not measured", peer=missing())


def _mix(told: WireVerdicts) -> str:
    return ", ".join(f"{count} {encoding}" for encoding, count in sorted(told.by_encoding.items()))
