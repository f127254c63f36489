"""Is anything missing in a message, or suspicious? A content in, findings with codes out, each with a remedy. Pure.

What is found is what spam filters, mail programs and laws are known to look at; nothing here keeps a message from being
sent but links that nobody could use. Sources: CAN-SPAM Act, 15 U.S.C. 7704(a)(5) (postal address, way to opt out);
Gmail hides what is behind 102 kB of HTML; SpamAssassin's rules on capitals, exclamation marks and single images.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import attrs

from campaignkit.message.content import Content, EmailContent
from campaignkit.message.links import Reach, check_links
from campaignkit.message.sms import cheaper_spellings, count_parts, has_opt_out

__all__ = ["MessageFinding", "check_message"]

SUBJECT_SHOWN_CHARACTERS = 70  # what mail programs show of it on a wide screen; a phone shows about 40
HTML_SHOWN_BYTES = 102_000  # Gmail cuts there, and the way to unsubscribe is at the end
MAIL_BYTES_USUAL = 5_000_000  # with its files; more is slow to send and refused by many servers
MARKS_MAX = 3  # exclamation marks in the whole message
WORDS_BESIDE_IMAGE = 20  # with fewer, the picture is the message
CAPITALS_SHARE = 0.8
LETTERS_MIN = 12  # fewer are a name, or "SALE"
TEXT_CHARACTERS_MIN = 40  # of a text part beside HTML that says much more

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LEAVING = re.compile(
    r"(?i)unsubscribe|opt[ -]?out|stop receiving|preferences|wypisz|rezygn|abmeld|abbestell|désabonn|desabonn"
    r"|désinscri|baja|darse de|annulla l'iscrizione|disiscri|cancella"
)
_ADDRESS = re.compile(r"\{\{\s*merchant\.(?:postal_address|address)\b")
_LEAVING_LINK = re.compile(r"\{\{\s*link\.unsubscribe\b")


@attrs.frozen(kw_only=True)
class MessageFinding:
    """One thing about a message that its author should look at."""

    code: str  # stable
    is_blocker: bool = False  # nobody can use it so
    message: str  # one sentence for a shopkeeper
    remedy: str
    sample: str = ""  # where it is, or what it is


def check_message(
    content: Content,
    *,
    is_marketing: bool = True,
    postal_address: str = "",
    opt_out_due: bool = False,
    file_bytes: int = 0,
    target_count: int | None = None,
    reach: Reach | None = None,
) -> tuple[MessageFinding, ...]:
    """Return what is missing or suspicious in *content*; nothing where all is well.

    Args:
        postal_address: The sender's own, which marketing mail must show.
        opt_out_due: Whether texts must say how to stop them.
        file_bytes: Of attachments and pictures together.
        target_count, reach: As for ``check_links``.

    >>> from campaignkit.message.content import EmailContent
    >>> mail = EmailContent(subject="FREE TULIPS TODAY", text="Come by!!!! Unsubscribe: {{ link.unsubscribe }}")
    >>> [finding.code for finding in check_message(mail)]
    ['no_postal_address', 'capitals', 'exclamation_marks']
    """
    if isinstance(content, EmailContent):
        findings = [*_missing(content, is_marketing, postal_address), *_suspicious(content)]
        findings += _size(content, file_bytes)
    else:
        findings = [*_of_text(content.text, opt_out_due=opt_out_due and is_marketing)]
    return (*findings, *_of_links(content, target_count, reach))


def _missing(content: EmailContent, is_marketing: bool, postal_address: str) -> Iterator[MessageFinding]:
    if not is_marketing:
        return
    whole = f"{content.text}\n{content.html or ''}"
    if not _LEAVING_LINK.search(whole) and not _LEAVING.search(_PLACEHOLDER.sub(" ", whole)):
        yield MessageFinding(
            code="no_unsubscribe_link",
            message="The message does not say how to unsubscribe; only the mail program's own button does.",
            remedy="Put {{ link.unsubscribe }} at its end.",
        )
    if not _ADDRESS.search(whole) and not (postal_address and _flat(postal_address) in _flat(whole)):
        yield MessageFinding(
            code="no_postal_address",
            message="The message does not show the shop's postal address, which marketing must in many countries.",
            remedy="Put {{ merchant.postal_address }} at its end.",
        )


def _suspicious(content: EmailContent) -> Iterator[MessageFinding]:
    if len(content.subject) > SUBJECT_SHOWN_CHARACTERS:
        yield MessageFinding(
            code="subject_long",
            message=f"The subject has {len(content.subject)} characters; mail programs show about "
            f"{SUBJECT_SHOWN_CHARACTERS}, phones 40.",
            remedy="Say what matters first, or say less.",
        )
    page = _Page.of(content.html) if content.html is not None else None
    visible = page.text if page is not None else content.text
    if any(_is_shouting(_PLACEHOLDER.sub(" ", text)) for text in (content.subject, visible)):
        yield MessageFinding(
            code="capitals",
            message="The message is written in capitals; filters take that for spam and people for shouting.",
            remedy="Write it in small letters.",
        )
    marks = content.subject.count("!") + max(visible.count("!"), content.text.count("!"))
    if marks > MARKS_MAX:
        yield MessageFinding(
            code="exclamation_marks",
            message=f"The message has {marks} exclamation marks; filters take that for spam.",
            remedy="Leave most of them out.",
        )
    if page is not None:
        yield from _of_page(page, content.text)


def _of_page(page: "_Page", text: str) -> Iterator[MessageFinding]:
    words = len(_PLACEHOLDER.sub("x", page.text).split())
    if page.images and words < WORDS_BESIDE_IMAGE:
        yield MessageFinding(
            code="only_image",
            message="The message is a picture with hardly any text; many mail programs show no pictures at first.",
            remedy="Say the same in words beside the picture.",
        )
    if page.images_without_words:
        yield MessageFinding(
            code="image_without_words",
            message="A picture has no description for those who do not see it.",
            remedy='Give each picture an alt text, or alt="" where it is an ornament.',
            sample=f"{page.images_without_words} of {page.images}",
        )
    if len(text.strip()) < TEXT_CHARACTERS_MIN and len(page.text) > 5 * TEXT_CHARACTERS_MIN:
        yield MessageFinding(
            code="text_short",
            message="The text part says much less than the HTML; filters compare the two.",
            remedy="Write it out, or leave it to text_from_html.",
        )


def _size(content: EmailContent, file_bytes: int) -> Iterator[MessageFinding]:
    html_bytes = 0 if content.html is None else len(content.html.encode())
    if html_bytes > HTML_SHOWN_BYTES:
        yield MessageFinding(
            code="html_large",
            message=f"The HTML has {html_bytes // 1000} kB; Gmail hides what is behind {HTML_SHOWN_BYTES // 1000} kB.",
            remedy="Make it shorter; styles and pictures in the HTML count, too.",
        )
    megabytes = (html_bytes + file_bytes) / 1_000_000
    if html_bytes + file_bytes > MAIL_BYTES_USUAL:
        yield MessageFinding(
            code="mail_large",
            message=f"Each mail has {megabytes:.0f} MB; many servers refuse it, and sending is slow.",
            remedy="Put large files on a web page and link to it.",
        )


def _of_text(text: str, *, opt_out_due: bool) -> Iterator[MessageFinding]:
    constant = _PLACEHOLDER.sub("", text)
    parts = count_parts(constant)
    cheaper = cheaper_spellings(constant)
    if parts.encoding == "ucs2" and parts.costly_characters:
        cost = f"{parts.parts}, spelt otherwise {cheaper.parts_if_spelled_so}"
        yield MessageFinding(
            code="costly_characters",
            message="Some characters make the text dearer: with them, not half as much fits in a part.",
            remedy="Spell them otherwise, or let transliterate_template do it.",
            sample=f"{' '.join(parts.costly_characters)[:40]}: parts {cost}",
        )
    if opt_out_due and not has_opt_out(text):
        yield MessageFinding(
            code="no_opt_out_text",
            message="The text does not say how to stop such texts.",
            remedy="Add STOP to end, or set text_opt_out for the merchant.",
        )


def _of_links(content: Content, target_count: int | None, reach: Reach | None) -> Iterator[MessageFinding]:
    for found in check_links(content, target_count=target_count, reach=reach):
        yield MessageFinding(
            code=str(found.code),
            is_blocker=found.is_blocker,
            message=f"A link in the {found.field}, line {found.line}, column {found.column}: {found.message}.",
            remedy="Correct the link.",
            sample=found.link,
        )


def _is_shouting(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    return len(letters) >= LETTERS_MIN and capitals >= CAPITALS_SHARE * len(letters)


def _flat(text: str) -> str:
    """Return *text* as it can be compared, wherever lines were broken."""
    return " ".join(re.sub(r"<[^>]*>|[,;|·•]", " ", text).casefold().split())


class _Page(HTMLParser):
    """What a reader sees of HTML: its words, and how many pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._hidden = 0
        self.images = 0
        self.images_without_words = 0

    @classmethod
    def of(cls, html: str) -> "_Page":
        page = cls()
        page.feed(html)
        page.close()
        return page

    @property
    def text(self) -> str:
        return " ".join("".join(self._pieces).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in {"style", "script", "title"}:
            self._hidden += 1
        elif tag == "img":
            given = dict(attributes)
            is_pixel = given.get("width") == "1" and given.get("height") == "1"
            self.images += not is_pixel
            self.images_without_words += not is_pixel and "alt" not in given
        self._pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "title"} and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._pieces.append(data)
