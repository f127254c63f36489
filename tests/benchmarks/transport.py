"""The SMTP transport by itself to smtp-sink, beside Postfix's smtp-source, which is written in C."""

import resource
import statistics
import subprocess
import time
from functools import partial

from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp import SmtpTransport
from tests.benchmarks.figures import Figure, Verdict, interleave, spread
from tests.benchmarks.ground import BODY, FROM, AllCleared, addresses
from tests.benchmarks.sink import find_program, running_sink

MESSAGES = 2000
BATCH = 100  # as the engine gives them
CONNECTIONS = (1, 8, 20)
PASSES = 7
GOAL = 3.0  # times the CPU of smtp-source

_WHY = "what is left is Python's own time for the two writes, two reads and four replies of a mail"


def measure() -> list[Figure]:
    """Measure both at each number of connections, in turn."""
    with running_sink() as port:
        cpu: dict[str, list[float]] = {}
        measures = {f"ours {count}": partial(_rate, port, count, cpu) for count in CONNECTIONS}
        peers = {f"source {count}": partial(_source_rate, port, count, cpu) for count in CONNECTIONS}
        samples = interleave(PASSES, {**measures, **peers})
    return [_figure(count, samples, cpu) for count in CONNECTIONS]


def _figure(count: int, samples: dict[str, list[float]], cpu: dict[str, list[float]]) -> Figure:
    ours, source = cpu[f"ours {count}"], cpu[f"source {count}"]
    ratio = statistics.median(ours) / statistics.median(source)
    return Figure(
        work=f"SMTP transport alone, {MESSAGES:,} mails of a kilobyte, {count} connection{'s' if count > 1 else ''}",
        measured=f"{spread(samples[f'ours {count}'], '/s')}, {spread(ours, ' µs CPU')}",
        peer=f"smtp-source -d: {spread(samples[f'source {count}'], '/s')}, {spread(source, ' µs CPU')}",
        ratio=f"× {ratio:.2f} the CPU",
        goal=f"≤ × {GOAL:.0f} the CPU",
        verdict=Verdict(is_met=ratio <= GOAL, why=_WHY),
        samples={"rate": samples[f"ours {count}"], "cpu_micros": ours, "peer_cpu_micros": source},
    )


def _rate(port: int, connections: int, cpu: dict[str, list[float]], number: int) -> float:
    mails = _mails(f"{time.time_ns()}.{number}")
    transport = SmtpTransport("127.0.0.1", port, security="insecure_plaintext", connections=connections)
    began_at, cpu_at = time.perf_counter(), time.process_time()
    accepted = 0
    for start in range(0, MESSAGES, BATCH):
        outcomes = transport.send(mails[start : start + BATCH], AllCleared)
        accepted += sum(outcome.verdict == "accepted" for outcome in outcomes)
    seconds, cpu_seconds = time.perf_counter() - began_at, time.process_time() - cpu_at
    transport.close()
    assert accepted == MESSAGES
    cpu.setdefault(f"ours {connections}", []).append(1e6 * cpu_seconds / MESSAGES)
    return MESSAGES / seconds


def _mails(seed: str) -> list[OutboundEmail]:
    content = f"From: {FROM}\r\nTo: {{to}}\r\nSubject: Spring\r\n\r\n{BODY}\r\n"
    return [
        OutboundEmail(
            message_id=address, envelope_from=FROM, envelope_to=address, content=content.format(to=address).encode()
        )
        for address in addresses(MESSAGES, seed)
    ]


def _source_rate(port: int, connections: int, cpu: dict[str, list[float]], number: int) -> float:
    """Send as many mails as long as ours, over sessions that are kept."""
    arguments = ["-d", "-s", str(connections), "-m", str(MESSAGES), "-l", str(len(BODY) + 100), "-f", FROM]
    to = f"pass{number}@example.com"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_at = time.perf_counter()
    subprocess.run([find_program("smtp-source"), *arguments, "-t", to, f"127.0.0.1:{port}"], check=True)
    seconds, after = time.perf_counter() - began_at, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cpu.setdefault(f"source {connections}", []).append(1e6 * cpu_seconds / MESSAGES)
    return MESSAGES / seconds
