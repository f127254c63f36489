"""Whole campaigns to smtp-sink, beside django-post-office and django-mailer. All keep their queue in SQLite, durably.

Timed is the way from a full queue to everything sent. Ours renders, builds and begins each mail in that time; the
peers' mails were rendered when they were queued. django-post-office writes down what it sent once per 100 mails, so a
crash repeats up to 100 of them: that is what its few commits buy.
"""

import statistics
import time
from functools import partial

import attrs

from campaignkit.transports.smtp import SmtpTransport
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread
from tests.benchmarks.ground import BODY, CONTENT, FROM, addresses, folder, kit_on, prepare
from tests.benchmarks.peers.environment import make_environment, run_peer
from tests.benchmarks.sink import running_sink

MESSAGES = 2000
PEER_MESSAGES = {"post_office": 2000, "django_mailer": 500}  # django-mailer takes long, and has one connection only
PASSES = 3

_WHY = "a wave of {wave} pays for its own commit, and a message takes {cpu:.0f} µs of CPU in all"


@attrs.frozen
class Setting:
    """How many sessions, and how many messages may be in doubt."""

    connections: int
    doubt_max: int
    goal: int | None = None  # times django-post-office at the same number of connections

    def __str__(self) -> str:
        connections = f"{self.connections} connection{'s' if self.connections > 1 else ''}"
        return connections if self.doubt_max == self.connections else f"{connections}, doubt_max {self.doubt_max}"


SETTINGS = (Setting(1, 1), Setting(8, 8, 5), Setting(20, 20, 10), Setting(20, 100, 20))


def measure() -> list[Figure]:
    """Measure everybody in turn."""
    with running_sink() as port:
        make_environment()
        cpu: dict[str, list[float]] = {}
        measures = {f"ours {setting}": partial(_rate, port, setting, cpu) for setting in SETTINGS}
        counts = sorted({setting.connections for setting in SETTINGS})
        peers = {f"post_office {count}": partial(_peer_rate, "post_office", port, count, cpu) for count in counts}
        mailer = {"django_mailer 1": partial(_peer_rate, "django_mailer", port, 1, cpu)}
        samples = interleave(PASSES, {**measures, **peers, **mailer})
    return [_figure(setting, samples, cpu) for setting in SETTINGS]


def _figure(setting: Setting, samples: dict[str, list[float]], cpu: dict[str, list[float]]) -> Figure:
    ours, office = samples[f"ours {setting}"], samples[f"post_office {setting.connections}"]
    mailer = samples["django_mailer 1"]
    ratio = statistics.median(ours) / statistics.median(office)
    to_mailer = statistics.median(ours) / statistics.median(mailer)
    return Figure(
        work=f"whole campaign, {MESSAGES:,} mails of a kilobyte, {setting}",
        measured=f"{spread(ours, '/s')}, {spread(cpu[f'ours {setting}'], ' µs CPU')}",
        peer=(
            f"django-post-office, which writes down what was sent once per 100: {spread(office, '/s')}; "
            f"django-mailer, one connection and {PEER_MESSAGES['django_mailer']} mails: {spread(mailer, '/s')}"
        ),
        ratio=f"× {ratio:.1f}; × {to_mailer:.1f}",
        goal="" if setting.goal is None else f"× {setting.goal} django-post-office",
        verdict=_verdict(setting, ratio, cpu),
        samples={"ours": ours, "post_office": office, "django_mailer": mailer},
    )


def _verdict(setting: Setting, ratio: float, cpu: dict[str, list[float]]) -> Verdict | None:
    if setting.goal is None:
        return None
    why = _WHY.format(wave=setting.doubt_max, cpu=statistics.median(cpu[f"ours {setting}"]))
    return judge_ratio(ratio, at_least=setting.goal, why=why)


def _rate(port: int, setting: Setting, cpu: dict[str, list[float]], number: int) -> float:
    with folder() as path:
        prepare(path / "campaigns.db", MESSAGES, f"{time.time_ns()}.{number}")
        transport = SmtpTransport(
            "127.0.0.1",
            port,
            security="insecure_plaintext",
            connections=setting.connections,
            doubt_max=setting.doubt_max,
        )
        with kit_on(path / "campaigns.db", transport) as kit:
            began_at, cpu_at = time.perf_counter(), time.process_time()
            report = kit.run()
            seconds, cpu_seconds = time.perf_counter() - began_at, time.process_time() - cpu_at
    assert report.sent == MESSAGES, f"only {report.sent} were sent"
    cpu.setdefault(f"ours {setting}", []).append(1e6 * cpu_seconds / MESSAGES)
    return MESSAGES / seconds


def _peer_rate(peer: str, port: int, connections: int, cpu: dict[str, list[float]], number: int) -> float:
    count = PEER_MESSAGES[peer]
    with folder() as path:
        done = run_peer(
            "django_queue",
            peer=peer,
            port=port,
            connections=connections,
            database=str(path / "peer.db"),
            addresses=addresses(count, f"{time.time_ns()}.{number}"),
            subject=CONTENT.subject,
            body=BODY.replace("\r\n", "\n"),
            **{"from": FROM},
        )
    assert done["sent"] == count, f"{peer} sent only {done['sent']}"
    cpu.setdefault(f"{peer} {connections}", []).append(1e6 * done["cpu_seconds"] / count)
    return count / done["seconds"]
