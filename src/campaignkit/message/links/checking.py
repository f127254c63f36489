"""Link check: a content in, what is wrong with its links out, each with its place. Pure.

Whether a page answers is asked through the host's own function only; the kit never opens a link.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import attrs

from campaignkit.addresses.channel import shorten
from campaignkit.message.content import Content, EmailContent
from campaignkit.message.links.finding import MARK, Link, Places, find_all_links
from campaignkit.message.links.targets import LinkProblem, find_problem
from campaignkit.message.links.urls import LINK_NAMESPACE, target_of_name

__all__ = ["REACH_MAX", "LinkFinding", "Reach", "check_links"]

REACH_MAX = 50  # pages asked for in one check, each once

Reach = Callable[[str], bool | str]  # True: it answers; False, or a sentence that says why: it does not

_SENTENCES = {
    LinkProblem.EMPTY: "this link leads nowhere",
    LinkProblem.MALFORMED: "this link is misspelt: it holds a blank, a backslash or another character that no link has",
    LinkProblem.TOO_LONG: "this link is longer than programs take",
    LinkProblem.SCHEME_FORBIDDEN: "a link may not run a script or smuggle a file",
    LinkProblem.SCHEME_UNKNOWN: "mail programs do not know what to do with such a link",
    LinkProblem.USER_INFO: "what stands before the @ is not the page that this link leads to; it looks like fraud",
    LinkProblem.NO_HOST: "this link does not say on which site the page is; begin it with https://",
    LinkProblem.HOST_WITHOUT_DOT: "the name of the site has no dot, so customers cannot reach it",
    LinkProblem.INSECURE: "this link begins with http: and is not encrypted; use https:",
    LinkProblem.UNRESOLVED: "this link holds a mark of another program that nobody will fill in",
    LinkProblem.PERSONAL: "to which site this link leads depends on what is stored about the customer",
    LinkProblem.NAME_UNKNOWN: "there is no such link; there are link.unsubscribe, link.open and tracked links",
    LinkProblem.UNREACHABLE: "the page does not answer",
    LinkProblem.NOT_TRIED: f"whether this and later pages answer was not tried; {REACH_MAX} are tried at most",
}
_BLOCKERS = frozenset(
    {
        LinkProblem.MALFORMED,
        LinkProblem.TOO_LONG,
        LinkProblem.SCHEME_FORBIDDEN,
        LinkProblem.USER_INFO,
        LinkProblem.NO_HOST,
        LinkProblem.UNRESOLVED,
        LinkProblem.NAME_UNKNOWN,
    }
)
# {{x}} {%x%} *|X|* %%x%% ${x} [[x]] {x} [X] <%x%> and what editors make of braces in links
_FOREIGN_MARKS = re.compile(
    r"\{\{|\}\}|\{%|%\}|\*\||\|\*|%%\w+%%|\$\{|\[\[|\]\]|\{\w+\}|\[[A-Z_]{2,40}\]|<%|(?i:%7b%7b|%7d%7d)"
)
_OWN = re.compile(rf"\{{\{{\s*{LINK_NAMESPACE}\.[a-z_][a-z0-9_]*\s*\}}\}}")
_OWN_NAME = re.compile(rf"\{{\{{\s*{LINK_NAMESPACE}\.([a-z_][a-z0-9_]{{0,60}})")
_OPEN_HOST = re.compile(rf"(?i)(?:https?://[^/?#{MARK}]*)?{MARK}")


@attrs.frozen(kw_only=True)
class LinkFinding:
    """Something about one link that its author should look at."""

    code: LinkProblem
    is_blocker: bool  # nobody can use such a link, or it is dangerous
    field: str  # "subject", "text", "html"
    line: int  # from 1
    column: int
    link: str  # at most 200 characters
    message: str  # one sentence for a shopkeeper


def check_links(
    content: Content, *, target_count: int | None = None, reach: Reach | None = None, reach_max: int = REACH_MAX
) -> tuple[LinkFinding, ...]:
    """Return what is wrong with the links of *content*, in the order they stand; nothing where all is well.

    Args:
        target_count: How many links are stored with the campaign, once they are; a higher number is unknown.
        reach: Asks whether a page answers, each link without placeholders once, at most *reach_max* of them.

    >>> from campaignkit.message.content import SmsContent
    >>> [str(one.code) for one in check_links(SmsContent(text="http://shop.example, https://shop@evil.example"))]
    ['link_insecure', 'link_user_info']
    """
    links = tuple(find_all_links(content))
    findings = [_finding(link, problem) for link in links if (problem := _problem_of(link)) is not None]
    findings += _unknown_names(content, target_count)
    if reach is not None:
        findings += _unreachable(links, reach, reach_max)
    return tuple(sorted(findings, key=lambda one: (one.field != "text", one.line, one.column)))


def _problem_of(link: Link) -> LinkProblem | None:
    if _FOREIGN_MARKS.search(link.masked_url):
        return LinkProblem.UNRESOLVED
    if not link.has_placeholder:
        if link.url.startswith("#"):
            return LinkProblem.EMPTY if link.url == "#" else None
        return find_problem(link.url)
    if _OWN.fullmatch(link.url):
        return None
    if _OPEN_HOST.match(link.masked_url):
        return LinkProblem.PERSONAL
    return find_problem(link.masked_url.replace(MARK, "x"))


def _finding(link: Link, problem: LinkProblem, why: str = "") -> LinkFinding:
    return LinkFinding(
        code=problem,
        is_blocker=problem in _BLOCKERS and link.is_clicked,
        field=link.field,
        line=link.line,
        column=link.column,
        link=shorten(link.url),
        message=why or _SENTENCES[problem],
    )


def _unknown_names(content: Content, target_count: int | None) -> Iterator[LinkFinding]:
    """Yield a finding for each ``{{ link.… }}`` that nothing will fill."""
    for field, source in _parts(content):
        places = Places(source)
        for found in _OWN_NAME.finditer(source):
            line, column = places.at(found.start())
            if _is_known(found[1], target_count):
                continue
            yield LinkFinding(
                code=LinkProblem.NAME_UNKNOWN,
                is_blocker=True,
                field=field,
                line=line,
                column=column,
                link=shorten(f"{LINK_NAMESPACE}.{found[1]}"),
                message=_SENTENCES[LinkProblem.NAME_UNKNOWN],
            )


def _parts(content: Content) -> Iterator[tuple[str, str]]:
    yield "text", content.text
    if isinstance(content, EmailContent):
        yield "subject", content.subject
        if content.html is not None:
            yield "html", content.html


def _is_known(name: str, target_count: int | None) -> bool:
    target = target_of_name(name)
    if target is None:
        return name in {"unsubscribe", "open"}
    return target_count is None or target <= target_count


def _unreachable(links: Iterable[Link], reach: Reach, reach_max: int) -> Iterator[LinkFinding]:
    asked: set[str] = set()
    for link in links:
        url = link.url.partition("#")[0]
        problem = _problem_of(link)
        if not link.is_web or link.has_placeholder or url in asked or problem in _BLOCKERS:
            continue
        if len(asked) >= reach_max:
            yield _finding(link, LinkProblem.NOT_TRIED)
            return
        asked.add(url)
        answer = reach(url)
        if answer is not True:
            yield _finding(link, LinkProblem.UNREACHABLE, why=shorten(answer) if isinstance(answer, str) else "")
