"""Content, compiled once per campaign: what an author wrote in, something to fill in for each recipient out. Pure."""

import re
from functools import cached_property
from itertools import chain, groupby, pairwise
from typing import overload

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.errors import InvalidTemplate
from campaignkit.message.bodies import CompiledBody, compile_body
from campaignkit.message.content import (
    Content,
    EmailContent,
    RenderedEmail,
    RenderedText,
    SmsContent,
    Syntax,
    forbidden_scheme,
)
from campaignkit.message.languages import for_text_messages, language_of
from campaignkit.message.links.urls import LINK_NAMESPACE
from campaignkit.message.liquid import LiquidTemplate, compile_liquid
from campaignkit.message.templates import Placeholder, Template, Values, compile_template

__all__ = ["AnyTemplate", "CompiledContent", "CompiledEmail", "CompiledText", "RenderedBody", "compile_content"]

AnyTemplate = Template | LiquidTemplate
_WEB = ("https://", "http://")  # what nearly all links begin with, and what nothing runs
_LINK_BEGINS = re.compile(r"(?i)\b(?:href|action|formaction)\s*+=\s*+[\"']?\s*+$")


@attrs.frozen
class RenderedBody:
    """A body that is rendered anew for each recipient, with the face of ``CompiledBody``."""

    template: LiquidTemplate
    subtype: str

    def build(self, values: Values) -> tuple[bytes, bool]:
        """Return the part for one recipient, as ``CompiledBody.build`` does.

        Raises:
            InvalidTemplate: as for ``LiquidTemplate.render``.
        """
        return compile_body(Template((self.template.render(values),)), subtype=self.subtype).build({})


@attrs.frozen(kw_only=True)
class CompiledEmail:
    """An ``EmailContent`` ready to be filled in, once per recipient."""

    subject: AnyTemplate
    text: AnyTemplate
    html: AnyTemplate | None = None

    @cached_property
    def text_body(self) -> CompiledBody | RenderedBody:
        """The text part, ready to be encoded; made for the first mail."""
        return _body(self.text, "plain")

    @cached_property
    def html_body(self) -> CompiledBody | RenderedBody | None:
        """The HTML part, ready to be encoded; made for the first mail."""
        return None if self.html is None else _body(self.html, "html")

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The slots of subject, text and HTML, in that order."""
        templates = (self.subject, self.text, self.html)
        return tuple(chain.from_iterable(template.placeholders for template in templates if template is not None))

    def filled(self, values: Values) -> "CompiledEmail | Rejection":
        """Return content for one recipient that can be built without fail, or why there is none; it never raises.

        Placeholders of the core are returned as they are, to be filled in when the mail is built; only what they make
        of links is looked at. Full Liquid is filled in here: a limit may be reached, a filter may meet a value that it
        cannot work on.
        """
        if not self._has_liquid:
            links = ["".join([slot.fill(values, escape=True) for slot in slots]) for slots in self._link_slots]
            begun = (f'href="{link}' for link in links if not link.startswith(_WEB))
            return next(filter(None, map(_forbidden, begun)), self)
        filled: list[Template] = []
        for field, template in (("subject", self.subject), ("text", self.text), ("html", self.html)):
            if template is None:
                continue
            text = _filled(template, values, field)
            if isinstance(text, Rejection):
                return text
            refused = _empty(field) if not text.strip() else _forbidden(text) if field == "html" else None
            if refused is not None:
                return refused
            filled.append(Template((text,)))
        return CompiledEmail(subject=filled[0], text=filled[1], html=None if self.html is None else filled[2])

    @cached_property
    def _link_slots(self) -> tuple[tuple[Placeholder, ...], ...]:
        """The slots with which a link of the HTML begins, signed ones aside: their values choose its scheme."""
        pieces = self.html.pieces if isinstance(self.html, Template) else ()
        runs = [tuple(run) for _, run in groupby(pieces, key=type)]
        return tuple(
            tuple(slot for slot in slots if isinstance(slot, Placeholder))
            for before, slots in pairwise(runs)
            if isinstance(before[-1], str) and _LINK_BEGINS.search(before[-1])
            if isinstance(slots[0], Placeholder) and slots[0].namespace != LINK_NAMESPACE
        )

    @cached_property
    def _has_liquid(self) -> bool:
        return any(isinstance(template, LiquidTemplate) for template in (self.subject, self.text, self.html))

    def render(self, values: Values) -> RenderedEmail:
        """Return the mail for one recipient.

        Raises:
            InvalidTemplate: full Liquid cannot be filled in for this one. ``filled`` returns that as a ``Rejection``;
                what it returns is rendered without fail, as are placeholders of the core.
        """
        return RenderedEmail(
            subject=self.subject.render(values, single_line=True),
            text=self.text.render(values),
            html=None if self.html is None else self.html.render(values, escape=True),
        )


@attrs.frozen(kw_only=True)
class CompiledText:
    """An ``SmsContent`` ready to be filled in, once per recipient."""

    text: AnyTemplate

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The slots, in order."""
        return self.text.placeholders

    def filled(self, values: Values) -> "CompiledText | Rejection":
        """Return content for one recipient that is rendered without fail, or why there is none; as for mail."""
        if isinstance(self.text, Template):
            return self
        text = self.text.fill(values)
        return text if isinstance(text, Rejection) else CompiledText(text=Template((text,)))

    def render(self, values: Values) -> RenderedText:
        """Return the text message for one recipient; errors as for mail."""
        return RenderedText(text=self.text.render(values))


CompiledContent = CompiledEmail | CompiledText


@overload
def compile_content(content: EmailContent) -> CompiledEmail: ...
@overload
def compile_content(content: SmsContent) -> CompiledText: ...
def compile_content(content: Content) -> CompiledContent:
    """Return *content* ready to be filled in. Compile once per campaign, render once per recipient.

    Raises:
        InvalidTemplate: as for ``compile_template``, and whatever is no Liquid where the content is written in it.
        MissingExtra: the content is written in Liquid, and the extra ``templates`` is not installed.
    """
    if isinstance(content, SmsContent):
        return CompiledText(text=_template(content, content.text, "text"))
    return CompiledEmail(
        subject=_template(content, content.subject, "subject"),
        text=_template(content, content.text, "text"),
        html=None if content.html is None else _template(content, content.html, "html"),
    )


def _template(content: Content, source: str, field: str) -> AnyTemplate:
    language = language_of(content.language)
    if isinstance(content, SmsContent):
        language = for_text_messages(language)
    try:
        # Of Liquid, too, what the core understands is filled in by the core: the same text, ten times as fast.
        return compile_template(source, field=field, language=language)
    except InvalidTemplate:
        if content.syntax is not Syntax.LIQUID:
            raise
        return compile_liquid(source, field=field, language=language)


def _body(template: AnyTemplate, subtype: str) -> CompiledBody | RenderedBody:
    if isinstance(template, LiquidTemplate):
        return RenderedBody(template, subtype)
    return compile_body(template, subtype=subtype)


def _filled(template: AnyTemplate, values: Values, field: str) -> str | Rejection:
    is_subject = field == "subject"
    if isinstance(template, LiquidTemplate):
        return template.fill(values, single_line=is_subject)
    return template.render(values, escape=field == "html", single_line=is_subject)


def _forbidden(html: str) -> Rejection | None:
    scheme = forbidden_scheme(html)
    message = f"a link begins with {scheme}: once it is filled in"
    return Rejection(code=RejectionCode.MALFORMED, field="html", message=message) if scheme else None


def _empty(field: str) -> Rejection:
    return Rejection(code=RejectionCode.MISSING, field=field, message=f"the {field} is empty once it is filled in")
