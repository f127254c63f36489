"""Content, compiled once per campaign: what an author wrote in, something to fill in for each recipient out. Pure."""

from functools import cached_property
from itertools import chain
from typing import overload

import attrs

from campaignkit.message.bodies import CompiledBody, compile_body
from campaignkit.message.content import Content, EmailContent, RenderedEmail, RenderedText, SmsContent
from campaignkit.message.templates import Placeholder, Template, Values, compile_template

__all__ = ["CompiledContent", "CompiledEmail", "CompiledText", "compile_content"]


@attrs.frozen(kw_only=True)
class CompiledEmail:
    """An ``EmailContent`` ready to be filled in, once per recipient."""

    subject: Template
    text: Template
    html: Template | None = None

    @cached_property
    def text_body(self) -> CompiledBody:
        """The text part, ready to be encoded; made for the first mail."""
        return compile_body(self.text, subtype="plain")

    @cached_property
    def html_body(self) -> CompiledBody | None:
        """The HTML part, ready to be encoded; made for the first mail."""
        return None if self.html is None else compile_body(self.html, subtype="html")

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The slots of subject, text and HTML, in that order."""
        templates = (self.subject, self.text, self.html)
        return tuple(chain.from_iterable(template.placeholders for template in templates if template is not None))

    def render(self, values: Values) -> RenderedEmail:
        """Return the mail for one recipient; it never raises."""
        return RenderedEmail(
            subject=self.subject.render(values, single_line=True),
            text=self.text.render(values),
            html=None if self.html is None else self.html.render(values, escape=True),
        )


@attrs.frozen(kw_only=True)
class CompiledText:
    """An ``SmsContent`` ready to be filled in, once per recipient."""

    text: Template

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The slots, in order."""
        return self.text.placeholders

    def render(self, values: Values) -> RenderedText:
        """Return the text message for one recipient; it never raises."""
        return RenderedText(text=self.text.render(values))


CompiledContent = CompiledEmail | CompiledText


@overload
def compile_content(content: EmailContent) -> CompiledEmail: ...
@overload
def compile_content(content: SmsContent) -> CompiledText: ...
def compile_content(content: Content) -> CompiledContent:
    """Return *content* ready to be filled in. Compile once per campaign, render once per recipient.

    Raises:
        InvalidTemplate: as for ``compile_template``.
    """
    if isinstance(content, SmsContent):
        return CompiledText(text=compile_template(content.text, field="text"))
    return CompiledEmail(
        subject=compile_template(content.subject, field="subject"),
        text=compile_template(content.text, field="text"),
        html=None if content.html is None else compile_template(content.html, field="html"),
    )
