"""Signing one mail by DKIM: ours beside dkimpy, with the same key and the same headers.

First dkimpy verifies what we sign, and its canonical forms are compared with ours on generated headers and bodies.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from random import Random

import dkim
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim.canonicalization import Relaxed

from campaignkit.message.dkim import DkimSigner, canonical_body, canonical_header
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread
from tests.benchmarks.mail import large_mails
from tests.message.keys import ed25519_pem, rsa_pem

__all__ = ["measure"]

MAILS = 200
PEER_MAILS = 20  # each takes more than ten times as long
PASSES = 7
FORMS = 200_000
RATIO_GOAL = 10

DOMAIN, SELECTOR = "flora.example", "s1"
PIECES = ("a", "tulips", "ż", " ", "  ", "\t", " \t ", "\r\n", "\r\n\r\n", " \r\n", "\t\r\n", "=", "--", ".", "x" * 70)
FOLDS = ("a", "ż", " ", "\t", "  ", "\r\n ", "\r\n\t ", ";")

Sign = Callable[[bytes], object]


def measure() -> list[Figure]:
    """Measure both in turn, on mails that were never signed before."""
    signer = DkimSigner(DOMAIN, SELECTOR, rsa_pem())
    (mail,) = large_mails(1, 1)
    names = _check(signer, mail)
    key = load_pem_private_key(rsa_pem(), password=None)
    assert isinstance(key, RSAPrivateKey)
    theirs = partial(_sign_by_dkimpy, names)
    samples = interleave(
        PASSES,
        {
            "ours": partial(_micros, signer.sign, MAILS),
            "dkimpy": partial(_micros, theirs, PEER_MAILS),
            "RSA alone": partial(_micros, partial(_sign_digest, key), MAILS),
            "ours, Ed25519": partial(_micros, DkimSigner(DOMAIN, SELECTOR, ed25519_pem()).sign, MAILS),
        },
    )
    ratio = statistics.median(samples["dkimpy"]) / statistics.median(samples["ours"])
    ours = Figure(
        work=f"one {len(mail) / 1000:.1f} kB mail signed by DKIM, RSA of 2048 bits, CPU",
        measured=f"{spread(samples['ours'], ' µs')}, of which RSA alone {spread(samples['RSA alone'], ' µs')}; "
        f"Ed25519 {spread(samples['ours, Ed25519'], ' µs')}",
        peer=f"dkimpy: {spread(samples['dkimpy'], ' µs')}",
        ratio=f"× {ratio:.0f}",
        goal=f"× {RATIO_GOAL}",
        verdict=judge_ratio(ratio, at_least=RATIO_GOAL, why="RSA itself takes most of it"),
        samples=samples,
    )
    return [ours, _compare_forms()]


def _check(signer: DkimSigner, mail: bytes) -> Sequence[bytes]:
    """Return the names that are signed, after dkimpy has verified our signature."""
    verifier = dkim.DKIM(signer.sign(mail))
    assert verifier.verify(dnsfunc=lambda _name, timeout=5: signer.dns_record.encode()), "dkimpy does not verify"
    return [name.lower() for name in verifier.include_headers]


def _sign_by_dkimpy(names: Sequence[bytes], mail: bytes) -> object:
    relaxed = (b"relaxed", b"relaxed")
    selector, domain = SELECTOR.encode(), DOMAIN.encode()
    return dkim.sign(mail, selector, domain, rsa_pem(), canonicalize=relaxed, include_headers=list(names))


def _sign_digest(key: RSAPrivateKey, mail: bytes) -> object:
    return key.sign(sha256(mail).digest(), PKCS1v15(), SHA256())


def _micros(sign: Sign, count: int, number: int) -> float:
    mails = large_mails(count, 10_000 * number)
    began_at = time.process_time()
    for mail in mails:
        sign(mail)
    return 1e6 * (time.process_time() - began_at) / count


def _compare_forms() -> Figure:
    seed = time.time_ns()
    random = Random(seed)
    for _ in range(FORMS // 2):
        body = "".join(random.choices(PIECES, k=random.randrange(14))).encode() + b"\r\n"
        assert canonical_body(body) == Relaxed.canonicalize_body(body), f"seed {seed}: {body!r}"
        value = "".join(random.choices(FOLDS, k=random.randrange(8))).encode() + b"\r\n"
        ((name, theirs),) = Relaxed.canonicalize_headers([(b"X-Shop", value)])
        assert canonical_header(b"X-Shop", value) == name + b":" + theirs, f"seed {seed}: {value!r}"
    return Figure(
        work="canonical forms of random headers and bodies, ours beside those of dkimpy",
        measured=f"{FORMS:,} forms, the same bytes each time",
        goal="no difference in 200,000",
        verdict=Verdict(is_met=True),
    )
