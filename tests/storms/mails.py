"""A hundred thousand hostile mails: built, read from the wire by two readers, some signed and verified."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from random import Random

import attrs
import dkim
from dkim.canonicalization import Relaxed

from campaignkit.message.compiled import compile_content
from campaignkit.message.dkim import DkimSigner, canonical_body
from campaignkit.message.email import compile_mail
from campaignkit.message.outbound import OutboundEmail
from tests.message.judging import complaints
from tests.message.keys import ed25519_pem
from tests.message.letters import Letter, random_letter

__all__ = ["MailReport", "storm_of_mails"]

MAILS = 100_000
LETTERS_OF_A_BATCH = 1_000  # to two or three recipients each
PROCESSES = 2
COMPLAINTS_MAX = 5  # of a batch; each one says which letter it was


@attrs.define
class MailReport:
    """What a storm of mails came to."""

    mails: int = 0
    signed: int = 0  # each verified by dkimpy
    unexpected: int = 0
    complaints: list[str] = attrs.field(factory=list)

    def add(self, other: "MailReport") -> None:
        self.mails += other.mails
        self.signed += other.signed
        self.unexpected += other.unexpected
        self.complaints += other.complaints


def storm_of_mails(*, seed: int, may_go_on: Callable[[], bool], mails: int = MAILS) -> MailReport:
    """Build and read at least *mails* mails, unless there is no time left."""
    report, number = MailReport(), 0
    with ProcessPoolExecutor(PROCESSES) as pool:
        while report.mails < mails and may_go_on():
            seeds = range(seed + number, seed + number + PROCESSES)
            number += PROCESSES
            for batch in pool.map(judge_batch, seeds):
                report.add(batch)
    return report


def judge_batch(seed: int) -> MailReport:
    """Build and read the letters of one *seed*."""
    report, random = MailReport(), Random(seed)
    signer = DkimSigner("flora.example", "s1", ed25519_pem())
    for number in range(LETTERS_OF_A_BATCH):
        is_signed = number % 20 == 0
        found = list(_judge_letter(random_letter(random), signer if is_signed else None, report))
        report.unexpected += len(found)
        report.complaints += [f"seed {seed}, letter {number}: {one[:400]}" for one in found]
    del report.complaints[COMPLAINTS_MAX:]
    return report


def _judge_letter(letter: Letter, signer: DkimSigner | None, report: MailReport) -> list[str]:
    content = compile_content(letter.content)
    compiled = compile_mail(content, **letter.sender, signer=signer)
    found: list[str] = []
    for values, recipient in letter.recipients:
        mail = compiled.build(values, **recipient)
        report.mails += 1
        found += complaints(letter, content.render(values), recipient, mail, is_signed=signer is not None)
        found += _body_complaints(mail)
        if signer is not None:
            report.signed += 1
            if not _is_verified(mail, signer):
                found.append("dkimpy does not verify the signature")
    return found


def _body_complaints(mail: OutboundEmail) -> list[str]:
    body = mail.content.partition(b"\r\n\r\n")[2]
    return [] if canonical_body(body) == Relaxed.canonicalize_body(body) else ["dkimpy has another canonical body"]


def _is_verified(mail: OutboundEmail, signer: DkimSigner) -> bool:
    record = signer.dns_record.encode()
    return bool(dkim.DKIM(mail.content).verify(dnsfunc=lambda _name, timeout=5: record))
