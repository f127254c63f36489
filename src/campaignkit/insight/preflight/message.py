"""Checks of the message: its channel, its placeholders for everybody, its template. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.documents import channel_of
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.insight.preflight.findings import (
    SAMPLES_MAX,
    Finding,
    Known,
    PlaceholderUse,
    blocker,
    counted,
    warning,
)
from campaignkit.message.content import EmailContent
from campaignkit.message.fields import find_unknown_fields
from campaignkit.message.templates import Placeholder
from campaignkit.message.values import Values

__all__ = ["check_content", "check_filling", "check_placeholders", "check_template", "is_lacking", "placeholder_uses"]

NAMES_MAX = 1_000  # names of fields that are looked at for likely spellings


def placeholder_uses(
    placeholders: Sequence[Placeholder],
    recipients: Iterable[CampaignRecipient],
    values_of: Callable[[CampaignRecipient], Values],
) -> tuple[PlaceholderUse, ...]:
    """Return, for each placeholder, how many recipients it would leave without a value. One pass, streaming."""
    missing, empty = [0] * len(placeholders), [0] * len(placeholders)
    samples: list[list[str]] = [[] for _ in placeholders]
    # Full Liquid may name a whole namespace, or look into a value: what is asked is whether the value is there.
    names = [(one.namespace, one.name.partition(".")[0]) for one in placeholders]
    seen: dict[str, set[str]] = {}
    for recipient in recipients if placeholders else ():
        values = values_of(recipient)
        for namespace, named in values.items():
            known_names = seen.setdefault(namespace, set())
            if len(known_names) < NAMES_MAX:
                known_names.update(named)
        for index, (namespace, name) in enumerate(names):
            value = _value_of(values, namespace, name)
            missing[index] += value is None
            is_empty = value is not None and not _has_content(value)
            empty[index] += is_empty
            if (value is None or is_empty) and len(samples[index]) < SAMPLES_MAX:
                samples[index].append(_name_of(recipient))
    likely = {id(one.placeholder): one.likely for one in find_unknown_fields(placeholders, seen)}
    rows = zip(placeholders, missing, empty, samples, strict=True)
    return tuple(
        PlaceholderUse(
            placeholder=one,
            missing_count=absent,
            empty_count=blank,
            samples=tuple(some),
            likely=likely.get(id(one)),
        )
        for one, absent, blank, some in rows
    )


def is_lacking(values: Values, namespace: str, name: str) -> bool:
    """Return whether a placeholder would show nothing of *values*: there is no such value, or it is empty."""
    value = _value_of(values, namespace, name.partition(".")[0])
    return value is None or not _has_content(value)


def _value_of(values: Values, namespace: str, name: str) -> object:
    known = values.get(namespace)
    return known if not name else None if known is None else known.get(name)


def _has_content(value: object) -> bool:
    """Return whether *value* shows as anything: a number always does."""
    if isinstance(value, str):
        return bool(value.strip())
    return bool(value) if isinstance(value, list | Mapping) else True


def _name_of(recipient: CampaignRecipient) -> str:
    if recipient.row_number is not None:
        return f"row {recipient.row_number}"
    return recipient.contact_id or recipient.recipient_id


def check_content(known: Known) -> Iterable[Finding]:
    """The message is written for the campaign's channel."""
    if channel_of(known.content) is not known.campaign.channel:
        yield blocker(
            "content_channel",
            "The message is written for another channel than the campaign's.",
            "Give EmailContent to an email campaign and SmsContent to an SMS campaign.",
        )
    if known.campaign.channel is Channel.EMAIL and isinstance(known.content, EmailContent) and not known.content.text:
        yield warning("no_text", "The mail has no text part.", "Write one: some people and most filters look for it.")


def check_template(known: Known) -> Iterable[Finding]:
    """What the kind of job demands is what the message was made of."""
    required = known.campaign.required_template
    if required and required not in known.template_chain:
        made_of = known.campaign.template
        yield blocker(
            "wrong_template",
            f"This kind of job needs the template {required!r}, or one derived from it; "
            + (f"the message was made of {made_of!r}." if made_of else "the message was made of none."),
            "Make the message of that template, or of a copy of it.",
        )


def check_filling(known: Known) -> Iterable[Finding]:
    """The message can be made for everybody; only the first recipients are tried."""
    if known.unfillable:
        yield warning(
            "cannot_be_filled",
            f"The message cannot be made for {counted(len(known.unfillable), 'recipient', 'recipients')} of the first; "
            "they would fail when it is sent.",
            "Look at the samples, and correct the template or the values.",
            count=len(known.unfillable),
            samples=known.unfillable[:SAMPLES_MAX],
        )


def check_placeholders(known: Known) -> Iterable[Finding]:
    """Every placeholder has a value, or a default, for everybody."""
    for use in known.placeholders:
        if known.recipient_count == 0:
            return
        is_unknown = use.missing_count == known.recipient_count
        hit_count = use.missing_count + use.empty_count
        if is_unknown and use.placeholder.default is None:
            yield blocker(
                "unknown_placeholder",
                f"{_place(use.placeholder)} is known for none of the recipients.",
                f"Perhaps {use.likely} is meant; or give it a default."
                if use.likely
                else "Correct its name, or give it a default.",
                count=use.missing_count,
                samples=use.samples,
            )
        elif is_unknown:
            yield warning(
                "unknown_placeholder_defaulted",
                f"{_place(use.placeholder)} is known for nobody; everybody gets the default.",
                "Correct its name if that was not meant.",
                count=use.missing_count,
                samples=use.samples,
            )
        elif use.placeholder.default is None and hit_count:
            yield warning(
                "empty_placeholder",
                f"{_place(use.placeholder)} is empty for {counted(hit_count, 'recipient', 'recipients')}.",
                'Give it a default, as in {{ customer.name | default: "friend" }}.',
                count=hit_count,
                samples=use.samples,
            )


def _place(placeholder: Placeholder) -> str:
    return f"{placeholder.source} in {placeholder.field}, line {placeholder.line}, column {placeholder.column},"
