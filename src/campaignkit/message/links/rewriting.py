"""Click links: a content in, the same content with a placeholder for each web link, and where those lead, out. Pure.

The plan is made once, when a campaign's content is frozen; its targets are stored with the campaign. A mail then
carries only the number of a target inside a signed token, so that nobody can make our links lead anywhere else.
"""

import re
from collections.abc import Callable, Sequence

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.message.content import EmailContent
from campaignkit.message.links.finding import Link, find_links
from campaignkit.message.links.targets import check_target
from campaignkit.message.links.urls import LINK_NAMESPACE
from campaignkit.message.templates import PLACEHOLDERS_MAX

__all__ = ["TARGETS_MAX", "LinkPlan", "rewrite_links"]

TARGETS_MAX = 200  # different links in one mail; each costs every recipient a token
_BODY_END = re.compile(r"</body(?=[\s/>])", re.IGNORECASE)
_PIXEL = f'<img src="{{{{ {LINK_NAMESPACE}.open }}}}" width="1" height="1" alt="" style="border:0">'


@attrs.frozen(kw_only=True)
class LinkPlan:
    """A content whose web links in HTML are placeholders, and the links that they stand for."""

    content: EmailContent
    targets: tuple[str, ...]  # click_1 is the first; ASCII, as they are redirected to
    untracked: tuple[Link, ...] = ()  # left as they are: personal, beyond the most, or no link that can be clicked

    def target(self, number: int) -> str | None:
        """Return where link *number* leads, counted from 1; None where there is none."""
        return self.targets[number - 1] if 1 <= number <= len(self.targets) else None


def rewrite_links(
    content: EmailContent,
    *,
    with_open_picture: bool = False,
    is_tracked: Callable[[str], bool] | None = None,
    known_targets: Sequence[str] = (),
) -> LinkPlan:
    """Return *content* with ``{{ link.click_1 }}`` and so on for the web links of its HTML.

    Links with placeholders of their own stay as they are, for they lead each recipient elsewhere; so does the text
    part, where people read the links that they are to click. One target that is linked twice has one number.

    Args:
        with_open_picture: Put a picture of one pixel, ``{{ link.open }}``, at the end of the HTML.
        is_tracked: Says of a URL whether it is to be rewritten; all are unless given.
        known_targets: Those of an earlier version: they keep their numbers, since mails with them are on their way.

    >>> mail = EmailContent(subject="Sale", text="Sale", html='<a href="https://shop.example/?a=1&amp;b=2">Go</a>')
    >>> plan = rewrite_links(mail)
    >>> plan.content.html, plan.targets
    ('<a href="{{ link.click_1 }}">Go</a>', ('https://shop.example/?a=1&b=2',))
    """
    if content.html is None:
        return LinkPlan(content=content, targets=tuple(known_targets))
    room = PLACEHOLDERS_MAX - content.html.count("{{") - int(with_open_picture)
    numbers = {target: number for number, target in enumerate(known_targets, start=1)}
    pieces, end, untracked = list[str](), 0, list[Link]()
    for link in (link for link in find_links(content) if link.field == "html"):
        target = None if room <= 0 else _target_of(link, is_tracked)
        if target is None or (target not in numbers and len(numbers) >= TARGETS_MAX):
            untracked.append(link)
            continue
        number = numbers.setdefault(target, len(numbers) + 1)
        pieces += [content.html[end : link.start], _placeholder(link, number)]
        end, room = link.end, room - 1
    html = "".join([*pieces, content.html[end:]])
    return LinkPlan(
        content=attrs.evolve(content, html=_with_picture(html) if with_open_picture else html),
        targets=tuple(numbers),
        untracked=tuple(untracked),
    )


def _target_of(link: Link, is_tracked: Callable[[str], bool] | None) -> str | None:
    """Return where *link* may be stored to lead, or None where it is to stay as it is."""
    if link.has_placeholder or (is_tracked is not None and not is_tracked(link.url)):
        return None
    target = check_target(link.url)
    return None if isinstance(target, Rejection) else target


def _placeholder(link: Link, number: int) -> str:
    placeholder = f"{{{{ {LINK_NAMESPACE}.click_{number} }}}}"
    return placeholder if link.is_quoted else f'"{placeholder}"'


def _with_picture(html: str) -> str:
    """Return *html* with the picture before the last end of the body, or at the very end."""
    ends = [found.start() for found in _BODY_END.finditer(html)]
    end = ends[-1] if ends else len(html)
    return f"{html[:end]}{_PIXEL}{html[end:]}"
