"""Parts of texts beside other counters: how fast, and on 20,000 texts who is right where two differ."""

import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from random import Random
from typing import Any

import smsutil

from campaignkit.addresses.channel import Rejection
from campaignkit.message.sms import TextPart, compile_part_counter, count_parts, split_text
from campaignkit.message.sms.clusters import cluster_ends
from campaignkit.message.sms.counting import part_count
from campaignkit.message.templates import compile_template
from tests.benchmarks.figures import Figure, Verdict, interleave, spread
from tests.benchmarks.peers.environment import make_environment, run_peer
from tests.message.sms_texts import DOUBLE, EDGES, FAMILY, TABLE, count_slowly, make_text, receive

PASSES = 9
TEXTS = 2_000  # in one pass
TEXTS_COMPARED = 20_000
CLUSTERS_COMPARED = 100_000
COUNTERS = ("smsutil", "sms-counter", "smpplib")
NAMES = ("Ann", "Robert", "Maria-Luisa", "Zoé", "Wojtek", "Jo", "Christopher", "Gül")

ENGLISH = (
    "Dear {{ customer.name }}, our spring sale begins on Friday: 20% off all tulips and roses until Sunday evening,"
    " order {{ customer.code }}. Flora, 12 Main Street. STOP to end"
)
POLISH = (
    "{{ customer.name }}, wiosenna wyprzedaż zaczyna się w piątek: tulipany i róże 20% taniej, kod {{ customer.code }}."
    " Kwiaciarnia Flora, Łódź. STOP = koniec"
)
BRACKETS = (
    "Dear {{ customer.name }}, [spring sale] begins on Friday: tulips for 5 €, roses for 9 €, all that until"
    " Sunday evening and not a day longer, your code is [{{ customer.code }}]. Flora, 12 Main Street. STOP to end"
)
SOURCES = {"ASCII": ENGLISH, "Polish": POLISH, "brackets and euro signs, two parts": BRACKETS}

_WIDTHS = {character: 1 for character in TABLE if character != "\x1b"} | dict.fromkeys(DOUBLE, 2)

Customer = dict[str, dict[str, str]]


def measure() -> list[Figure]:
    """Measure the speed, then compare the answers."""
    return [
        *chain.from_iterable(_counting(kind) for kind in SOURCES),
        _splitting(),
        *(_templates(kind) for kind in SOURCES),
        *_agreement(),
        _clusters(),
    ]


def _customers(kind: str, number: int) -> list[Customer]:
    source = Random(f"{kind} {number}")
    return [{"customer": {"name": source.choice(NAMES), "code": f"{source.random():.9f}"}} for _ in range(TEXTS)]


def _texts(kind: str, number: int) -> list[str]:
    template = compile_template(SOURCES[kind], field="text")
    return [template.render(customer) for customer in _customers(kind, number)]


def _micros(work: Callable[[Any], object], inputs: Sequence[object]) -> float:
    began_at = time.process_time()
    for one in inputs:
        work(one)
    return 1e6 * (time.process_time() - began_at) / len(inputs)


def _counting(kind: str) -> Iterable[Figure]:
    """Measure the whole answer beside smsutil, then the bare number, as it is counted when a text is sent."""
    counters = {"ours": count_parts, "smsutil": smsutil.split, "bare": part_count, "loop": _count_by_loop}
    samples = interleave(PASSES, {name: partial(_timed, counter, kind) for name, counter in counters.items()})
    yield Figure(
        work=f"count_parts of a text ({kind}), CPU each",
        measured=spread(samples["ours"], " µs"),
        peer=f"smsutil.split: {spread(samples['smsutil'], ' µs')}",
        ratio=f"× {_ratio(samples, 'smsutil'):.1f}",
        goal="(none of its own)",
        samples=samples,
    )
    yield Figure(
        work=f"the number alone, as it is counted when a text ({kind}) is sent, CPU each",
        measured=spread(samples["bare"], " µs"),
        peer=f"a loop over its characters that divides, wrong at edges: {spread(samples['loop'], ' µs')}",
        ratio=f"× {_ratio(samples, 'loop', 'bare'):.1f}",
        goal="(none of its own)",
    )


def _timed(counter: Callable[[str], object], kind: str, number: int) -> float:
    return _micros(counter, _texts(kind, number))


def _count_by_loop(text: str) -> int:
    """Count as it is usually written; wrong where a pair stands between two parts."""
    septets = 0
    for character in text:
        width = _WIDTHS.get(character)
        if width is None:
            units = len(text.encode("utf-16-be")) // 2
            return 1 if units <= 70 else -(-units // 67)
        septets += width
    return 1 if septets <= 160 else -(-septets // 153)


def _ratio(samples: dict[str, list[float]], peer: str, ours: str = "ours") -> float:
    return statistics.median(theirs / mine for theirs, mine in zip(samples[peer], samples[ours], strict=True))


def _splitting() -> Figure:
    kind = "brackets and euro signs, two parts"
    samples = interleave(
        PASSES,
        {
            "ours": lambda number: _micros(split_text, _texts(kind, number)),
            "smsutil": lambda number: _micros(_split_and_encoded, _texts(kind, number)),
        },
    )
    return Figure(
        work="split_text of a text of two parts, with octets and headers, CPU each",
        measured=spread(samples["ours"], " µs"),
        peer=f"smsutil.split and encode, no headers: {spread(samples['smsutil'], ' µs')}",
        ratio=f"× {_ratio(samples, 'smsutil'):.1f}",
        goal="(none of its own)",
        samples=samples,
    )


def _split_and_encoded(text: str) -> list[bytes]:
    return [smsutil.encode(part.content) for part in smsutil.split(text).parts]


def _templates(kind: str) -> Figure:
    template = compile_template(SOURCES[kind], field="text")
    counter = compile_part_counter(template)
    samples = interleave(
        PASSES,
        {
            "ours": lambda number: _micros(counter.count, _customers(kind, number)),
            "each": lambda number: _micros(
                lambda customer: count_parts(template.render(customer)).parts, _customers(kind, number)
            ),
        },
    )
    customers = _customers(kind, PASSES)
    different = sum(counter.count(one) != count_parts(template.render(one)).parts for one in customers)
    return Figure(
        work=f"parts of a template for one recipient ({kind}), its own words counted once, CPU each",
        measured=f"{spread(samples['ours'], ' µs')}; {different} of {TEXTS:,} differ",
        peer=f"rendered, then count_parts: {spread(samples['each'], ' µs')}",
        ratio=f"× {_ratio(samples, 'each'):.1f}",
        goal="0 differences",
        verdict=Verdict(is_met=different == 0, why="a count is wrong"),
        samples=samples,
    )


def _agreement() -> Iterable[Figure]:
    """Compare with each counter; where it differs, two more judge: the standard read slowly, and what a phone gets."""
    make_environment()
    source = Random("agreement")
    made = [make_text(source) for _ in range(TEXTS_COMPARED)]
    for name, texts in (("texts at random", made), ("edges counted by hand", [edge.text for edge in EDGES])):
        answers: dict[str, Any] = run_peer("sms_counters", texts=texts, peers=COUNTERS)
        ours = [count_parts(text).parts for text in texts]
        for counter in COUNTERS:
            differing = [
                (text, mine) for text, mine, theirs in zip(texts, ours, answers[counter], strict=True) if mine != theirs
            ]
            wrong = [text for text, mine in differing if not _is_right(text, mine)]
            yield _judged(f"{len(texts):,} {name}", counter, differing, wrong)


def _judged(work: str, counter: str, differing: Sequence[tuple[str, int]], wrong: Sequence[str]) -> Figure:
    right = f"; in {len(differing) - len(wrong):,} of these campaignkit is right" if differing else ""
    return Figure(
        work=f"parts of {work}",
        measured=f"{len(differing):,} differ{right}",
        peer=counter,
        goal="right in each",
        verdict=Verdict(is_met=not wrong, why="a count is wrong"),
    )


def _is_right(text: str, parts: int) -> bool:
    """Return whether a slow reading of the standard says the same, and a phone gets the text from so many parts."""
    split = split_text(text)
    assert not isinstance(split, Rejection)
    return count_slowly(text)[2] == parts == len(split) and _received(split) == text


def _received(split: Sequence[TextPart]) -> str:
    if len(split) == 1:
        return split[0].text
    return "".join(receive(part.user_data, part.user_data_length, part.encoding.value)[1] for part in split)


def _clusters() -> Figure:
    """Compare where whole characters end with regex, which follows the annex to the letter."""
    source = Random("clusters")
    every = [chr(number) for number in range(0x110000) if unicodedata.category(chr(number)) not in ("Cn", "Cs", "Co")]
    pools = (every, FAMILY, "👍🏽🇵🇱❤\ufe0f\u200d\u200c\r\n", "aé\u0301ष\u094dक", "가각\u11a8\u1100\u1161")
    texts = [
        "".join(source.choice(source.choice(pools)) for _ in range(source.randrange(2, 9)))
        for _ in range(CLUSTERS_COMPARED)
    ]
    answers: dict[str, Any] = run_peer("sms_counters", texts=texts, peers=["regex"])
    cut = sum(not set(cluster_ends(text)) <= set(ends) for text, ends in zip(texts, answers["regex"], strict=True))
    same = sum(list(cluster_ends(text)) == ends for text, ends in zip(texts, answers["regex"], strict=True))
    return Figure(
        work=f"what a reader takes for one character, in {CLUSTERS_COMPARED:,} texts at random",
        measured=f"{cut} texts in which one is cut; {same:,} alike, in the others more is kept together",
        peer=r"regex, \X",
        goal="0 cut",
        verdict=Verdict(is_met=cut == 0, why="a character is cut"),
    )
