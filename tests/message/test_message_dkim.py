"""DKIM: another library verifies every signature, and its canonical forms are ours."""

import re
import subprocess
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from random import Random

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import MissingExtra
from campaignkit.message.compiled import compile_content
from campaignkit.message.dkim import DkimSigner, canonical_body, canonical_header
from campaignkit.message.email import compile_mail
from tests.message.keys import ed25519_pem, rsa_pem
from tests.message.letters import random_letter
from tests.message.readers import header_names, is_wire, read_by_python, read_by_rust
from tests.message.test_message_campaign_headers import FULL
from tests.message.test_message_email import build

KEYS = {"rsa": rsa_pem, "ed25519": ed25519_pem}


def signer_with(pem, *, domain="flora.example", selector="s1"):
    return DkimSigner(domain, selector, pem)


def is_verified(content: bytes, signer: DkimSigner) -> bool:
    """Return whether dkimpy verifies, which reads the key where the signer says that it belongs."""
    asked = []

    def record_of(name, timeout=5):
        asked.append(name)
        return signer.dns_record.encode()

    try:
        verdict = bool(dkim.DKIM(content).verify(dnsfunc=record_of))
    except dkim.ValidationError:  # another body
        verdict = False
    assert asked == [f"{signer.dns_name}.".encode()]
    return verdict


# Another library verifies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
def test_a_signed_mail_is_verified(kind):
    signer = signer_with(KEYS[kind]())

    content = build(html="<p>Zażółć</p>", signer=signer, **FULL).content

    assert header_names(content) == ["DKIM-Signature", *header_names(build(html="<p>Zażółć</p>", **FULL).content)]
    assert is_wire(content)
    assert read_by_python(content) == read_by_rust(content)
    assert is_verified(content, signer)


@pytest.mark.parametrize("kind", KEYS)
def test_random_letters_are_verified(kind):
    random, signer = Random(8), signer_with(KEYS[kind]())
    for _ in range(40):
        letter = random_letter(random)
        mail = compile_mail(compile_content(letter.content), **letter.sender, signer=signer)
        for values, recipient in letter.recipients:
            assert is_verified(mail.build(values, **recipient).content, signer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Spring", b"Subject: Autumn"),
        (b"From: Flora", b"From: Eve"),
        (b"To: Ann", b"To: Bob"),
        (b"12:00:00", b"12:00:01"),
        (b"r1.1@", b"r2.1@"),
        (b"flora.example/m/u/", b"flora.example/m/v/"),
        (b"unsubscribe%20r1.1", b"unsubscribe%20r2.1"),
        (b"One-Click", b"Two-Click"),
        (b"spring.flora", b"autumn.flora"),
        (b"c1:flora:news", b"c2:flora:news"),
        (b"Reply-To: shop@", b"Reply-To: eve@"),
        (b"text/plain", b"text/html"),
        (b"Hello", b"Hullo"),
        (b"From: Flora", b"From: Eve <eve@example.com>\r\nFrom: Flora"),
        (b"Subject: Spring", b"Subject: Autumn\r\nSubject: Spring"),
        (b"List-Unsubscribe:", b"List-Unsubscribe: <https://evil.example>\r\nList-Unsubscribe:"),
        (b"MIME-Version", b"Cc: eve@example.com\r\nMIME-Version"),
    ],
)
def test_what_is_changed_or_added_on_the_way_is_noticed(old, new):
    signer = signer_with(ed25519_pem())
    content = build(signer=signer, **FULL).content
    assert content.count(old) >= 1

    head, _, tail = content.rpartition(old)  # behind the names of the signature

    assert is_verified(content, signer)
    assert not is_verified(head + new + tail, signer)


@pytest.mark.parametrize("name", ["From", "Subject", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "Cc"])
def test_a_header_that_is_not_there_cannot_be_added_either(name):
    signer = signer_with(ed25519_pem())
    content = build(signer=signer).content

    assert not is_verified(
        content.replace(b"MIME-Version", name.encode() + b": eve@example.com\r\nMIME-Version"), signer
    )


def test_blanks_that_relays_change_do_no_harm():
    signer = signer_with(ed25519_pem())
    content = build(signer=signer, **FULL).content

    changed = content.replace(b"Subject: Spring", b"SUBJECT:\tSpring  ").replace(b"Hello\r\n", b"Hello \t\r\n\r\n\r\n")

    assert changed != content
    assert is_verified(changed, signer)


def test_our_signature_is_the_one_that_dkimpy_makes():
    unsigned = build(html="<p>a  b\t</p>\n\n\n", **FULL).content
    ours = tags(signer_with(rsa_pem()).sign(unsigned))
    names = [name.encode() for name in ours["h"].split(":")]

    theirs = tags(
        dkim.sign(
            unsigned, b"s1", b"flora.example", rsa_pem(), canonicalize=(b"relaxed", b"relaxed"), include_headers=names
        )
        + unsigned
    )

    assert ours["bh"] == theirs["bh"]
    assert {name: ours[name] for name in "vacds"} == {name: theirs[name] for name in "vacds"}
    assert sorted(ours["h"].split(":")) == sorted(theirs["h"].split(":"))


def tags(content: bytes) -> dict[str, str]:
    value = re.sub(r"\s", "", content.partition(b"\r\nDate:")[0].partition(b":")[2].decode())
    return dict(tag.split("=", 1) for tag in value.rstrip(";").split(";"))


@pytest.mark.parametrize("kind", KEYS)
def test_the_same_mail_has_the_same_signature(kind):
    signer = signer_with(KEYS[kind]())

    assert build(signer=signer) == build(signer=signer)


def test_a_domain_beyond_ascii_becomes_a_labels():
    signer = signer_with(ed25519_pem(), domain="Kwiaty-Żółte.pl")

    assert signer.dns_name == "s1._domainkey.xn--kwiaty-te-c7a38f3t.pl"
    assert is_verified(build(from_address="hello@kwiaty-żółte.pl", signer=signer).content, signer)


# Canonical forms ------------------------------------------------------------------------------------------------------

lines = st.lists(st.sampled_from(["", " ", "\t", "  ", " \t ", "a", "a b", " a", "a ", "ż\t\tb ", "a  b"]), max_size=12)


@settings(max_examples=400, deadline=None)
@given(lines)
def test_bodies_have_the_canonical_form_of_the_library(written):
    body = "".join(f"{line}\r\n" for line in written).encode()

    assert canonical_body(body) == Relaxed.canonicalize_body(body)


@settings(max_examples=300, deadline=None)
@given(st.text().map(lambda text: re.sub(r"\r\n|\r|\n", "\r\n", text) + "\r\n"))
def test_any_lines_have_the_canonical_form_of_the_library(text):
    body = text.encode(errors="replace")

    assert canonical_body(body) == Relaxed.canonicalize_body(body)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from((b"Subject", b"SUBJECT ", b"x-Y\t")),
    value=st.text(st.sampled_from("ab \tż"), max_size=12).map(str.encode),
    more=st.lists(st.sampled_from((b"\r\n a", b"\r\n\t b ", b" ", b"\r\n  ")), max_size=4).map(b"".join),
)
def test_headers_have_the_canonical_form_of_the_library(name, value, more):
    ((theirs, value_of_theirs),) = Relaxed.canonicalize_headers([(name, value + more + b"\r\n")])

    assert canonical_header(name, value + more + b"\r\n") == theirs + b":" + value_of_theirs


@pytest.mark.parametrize(("body", "canonical"), [(b"", b""), (b"\r\n", b""), (b" \r\n\t\r\n", b""), (b"a", b"a\r\n")])
def test_empty_bodies_are_nothing(body, canonical):
    assert canonical_body(body) == canonical == Relaxed.canonicalize_body(body)


def test_a_header_that_is_there_twice_is_signed_from_the_last_to_the_first():
    signer = signer_with(ed25519_pem())
    content = build().content.replace(b"MIME-Version", b"List-Id: <a>\r\nList-Id: <b>\r\nMIME-Version")

    assert is_verified(signer.sign(content), signer)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"From: a@b.c\r\n",
        b"From: a@b.c\n\nHello\n",
        b"From: a@b.c\r\n\r\nHello\n",
        b"From: a@b.c\r\n\r\nHel\rlo\r\n",
        b"Subject: x\r\n\r\nHello\r\n",
        b"From: a@b.c\r\nno header\r\n\r\nHello\r\n",
        b" folded\r\nFrom: a@b.c\r\n\r\nHello\r\n",
    ],
)
def test_what_is_no_mail_cannot_be_signed(content):
    with pytest.raises(ValueError, match="can be signed"):
        signer_with(ed25519_pem()).sign(content)


# Keys -----------------------------------------------------------------------------------------------------------------


def test_a_key_is_never_shown():
    for pem in (rsa_pem(), ed25519_pem()):
        signer = signer_with(pem)
        assert repr(signer) == "DkimSigner(domain='flora.example', selector='s1')"
        mail = compile_mail(
            compile_content(random_letter(Random(1)).content), from_name="", from_address="a@b.example", signer=signer
        )
        assert "PrivateKey" not in repr(mail)


@pytest.mark.parametrize("kind", KEYS)
def test_the_record_holds_the_public_key(kind):
    pem = KEYS[kind]()
    found = re.fullmatch(r"v=DKIM1; k=(\w+); p=([A-Za-z0-9+/]+=*)", signer_with(pem).dns_record)

    assert found is not None
    assert found[1] == kind
    assert b64decode(found[2])
    assert b64encode(b64decode(found[2])).decode() == found[2]
    assert pem.decode().split("\n")[1] not in found[2]


def test_a_key_may_be_text_or_of_an_older_form():
    key = load_pem_private_key(rsa_pem(), password=None)
    older = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    assert signer_with(older).sign(build().content) == signer_with(rsa_pem().decode()).sign(build().content)


def locked_pem() -> bytes:
    key = load_pem_private_key(rsa_pem(), password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"tulips"))


def elliptic_pem() -> bytes:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem() -> bytes:
    key = load_pem_private_key(rsa_pem(), password=None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (lambda: b"", "no private key"),
        (lambda: b"a secret", "no private key"),
        (lambda: rsa_pem()[:400], "no private key"),
        (locked_pem, "no private key in PEM without a password"),
        (public_pem, "no private key"),
        (elliptic_pem, "must be RSA or Ed25519"),
    ],
    ids=["nothing", "no PEM", "half", "locked", "public", "elliptic"],
)
def test_a_key_that_cannot_sign_is_refused_without_being_shown(pem, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        signer_with(pem())

    assert caught.value.__cause__ is None
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "a b", "a..b", "a;b", "a\r\nb", "-a", "a" * 64, ".a", "a/b", "=a", "a\u2028"], ids=ascii
)
@pytest.mark.parametrize("field", ["domain", "selector"])
def test_what_is_no_name_of_the_dns_is_refused(field, name):
    with pytest.raises(ValueError, match=r"DNS|no bare email address"):
        signer_with(ed25519_pem(), **{field: name})


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)  # what Python does with a package that is not there
    monkeypatch.delitem(sys.modules, "cryptography.exceptions")

    with pytest.raises(MissingExtra, match=r"cryptography is not installed: pip install 'campaignkit\[dkim\]'"):
        signer_with(ed25519_pem())


def test_whoever_signs_nothing_loads_nothing():
    code = (
        "import sys, campaignkit.message.email, campaignkit.message.html_parts\n"
        "print([name for name in ('cryptography', 'css_inline', 'inscriptis', 'lxml') if name in sys.modules])"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown.strip() == "[]"


def test_a_digest_is_that_of_the_body():
    content = signer_with(ed25519_pem()).sign(build(text="Hello").content)

    assert tags(content)["bh"] == b64encode(sha256(b"Hello\r\n").digest()).decode()
