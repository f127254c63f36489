"""Email and SMS campaigns for point-of-sale products.

The river: a contact row comes in at the top, an explained outcome leaves at the bottom, and nothing flows back.

``row → Contact | Rejection → Recipient | Exclusion → OutboundMessage → cleared → Outcome → line of a report``

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaignkit.addresses.channel import Channel, Rejection, RejectionCode
    from campaignkit.addresses.email import EmailAddress, parse_email
    from campaignkit.addresses.phone import PhoneNumber, parse_phone
    from campaignkit.audience.consent import Consent, ConsentEntry, ConsentPolicy, ConsentState
    from campaignkit.audience.contacts import Contact, parse_contact
    from campaignkit.audience.customers.checking import check_customer, customer_from
    from campaignkit.audience.customers.comparing import MatchKind
    from campaignkit.audience.customers.duplicates import DuplicateGroup, Duplicates, find_duplicates
    from campaignkit.audience.customers.index import CustomerIndex
    from campaignkit.audience.customers.merging import MergePlan, apply_changes, plan_merge
    from campaignkit.audience.customers.mismatches import check_edit
    from campaignkit.audience.customers.records import Customer, CustomerStatus, PostalAddress
    from campaignkit.audience.customers.redirects import redirects_of, resolve_redirect
    from campaignkit.audience.imports import read_contacts
    from campaignkit.audience.rejections import write_rejections
    from campaignkit.audience.selection import (
        Audience,
        AudienceStream,
        Exclusion,
        ExclusionReason,
        Recipient,
        build_audience,
        stream_audience,
    )
    from campaignkit.audience.staleness import StalenessRule, StaleReason, StaleReport, find_stale
    from campaignkit.audience.targeting import (
        After,
        AllOf,
        AnyOf,
        AtLeast,
        AtMost,
        Before,
        Contains,
        Equals,
        Got,
        IsSet,
        Not,
        OneOf,
        Predicate,
        Targeting,
        TargetingReport,
        WithinDays,
        filter_from_dict,
        filter_to_dict,
    )
    from campaignkit.campaign.campaign import Campaign, CampaignKind, WaitingFor
    from campaignkit.campaign.doubts import DoubtPolicy
    from campaignkit.campaign.recipients import CampaignRecipient
    from campaignkit.campaign.senders import Sender
    from campaignkit.campaign.status import (
        CampaignEvent,
        CampaignStatus,
        Delivery,
        RecipientEvent,
        RecipientStatus,
        allowed_events,
        status_label,
        transition,
    )
    from campaignkit.clocks import FrozenClock, SystemClock
    from campaignkit.credits.ledger import CreditLedger
    from campaignkit.credits.prices import Price, PriceBook, PriceTable
    from campaignkit.credits.pumping import find_pumping
    from campaignkit.credits.pumping_settings import PumpingSettings
    from campaignkit.credits.reconciling import BillLine
    from campaignkit.delivery.feedback import RecordVerdict
    from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
    from campaignkit.delivery.sms_keywords import Keyword, KeywordKind, read_keyword
    from campaignkit.delivery.sms_receipts import InboundText, ReceiptStatus, SmsReceipt, read_kannel_receipt
    from campaignkit.delivery.twilio_webhooks import read_twilio_webhook
    from campaignkit.errors import (
        AddressTaken,
        CampaignKitError,
        CampaignNotFound,
        CreditsExceeded,
        HoldNotFound,
        IllegalTransition,
        InsufficientCredits,
        InvalidAddress,
        InvalidContent,
        InvalidCredits,
        InvalidTemplate,
        KeyReused,
        LimitReached,
        MerchantNotFound,
        MissingExtra,
        NoAddressColumn,
        NoPriceTable,
        NotEditable,
        NotFound,
        NotReady,
        RecipientBusy,
        RecipientNotFound,
        RevisionConflict,
        SchemaOutdated,
        SchemaTooNew,
        SenderNotFound,
        StartInPast,
        StoreBroken,
        StoreUnavailable,
        SupplyFailed,
        TemplateNotFound,
        TestNotFound,
        UnknownColumn,
        UnreadableContacts,
    )
    from campaignkit.insight.doubts import InDoubt
    from campaignkit.insight.explain import Explanation
    from campaignkit.insight.forecast.values import DateCount, Eta, EtaCode, Forecast, HourCount, RuleUse
    from campaignkit.insight.preflight import Finding, Preflight
    from campaignkit.kit.credit import MerchantCredits
    from campaignkit.kit.door import Actor, Permission
    from campaignkit.kit.kit import CampaignKit
    from campaignkit.kit.merchant import Merchant
    from campaignkit.kit.previewing import Preview, TextPreview
    from campaignkit.kit.recording import Recorded
    from campaignkit.kit.results import (
        AddedRecipients,
        Arrival,
        CampaignCounts,
        GroupState,
        Observation,
        RedirectedRecipients,
        ResentDoubts,
        RunReport,
        SenderState,
        TestResult,
        TickReport,
        WaitingCampaign,
    )
    from campaignkit.kit.templates import MerchantTemplate
    from campaignkit.kit.unsubscribing import Unsubscribed
    from campaignkit.message.attachments import Attachment, InlineImage
    from campaignkit.message.campaign_headers import FeedbackId
    from campaignkit.message.completeness import MessageFinding, check_message
    from campaignkit.message.content import EmailContent, SmsContent, Syntax
    from campaignkit.message.dkim import DkimSigner
    from campaignkit.message.fields import UnknownField, find_unknown_fields, known_fields
    from campaignkit.message.html_parts import email_from_html, inline_css, text_from_html
    from campaignkit.message.links.checking import LinkFinding, check_links
    from campaignkit.message.links.rewriting import LinkPlan, rewrite_links
    from campaignkit.message.links.settings import LinkSettings
    from campaignkit.message.links.urls import CampaignLinks, read_bounce_address
    from campaignkit.message.mail_settings import MailSettings
    from campaignkit.message.outbound import OutboundEmail, OutboundText
    from campaignkit.message.sms import (
        PartCounter,
        SmsEncoding,
        SmsParts,
        TextPart,
        cheaper_spellings,
        check_opt_out,
        compile_part_counter,
        count_parts,
        part_reference,
        shorten_links,
        split_text,
        transliterate,
        transliterate_template,
        with_opt_out,
    )
    from campaignkit.message.supplies import Supply, SupplyRequest
    from campaignkit.plain import to_dict
    from campaignkit.stores.memory import MemoryStore
    from campaignkit.stores.sql import SqlStore
    from campaignkit.timing.hours_presets import preset_window
    from campaignkit.timing.limits import (
        FrequencyCap,
        Interval,
        Limit,
        ProviderPreset,
        country_caps,
        find_preset,
        limit_from_text,
        limit_to_text,
    )
    from campaignkit.timing.offsets.counting import AT_ONCE, Offset, OffsetUnit, resolve_offset
    from campaignkit.timing.offsets.forms import offset_from_text, offset_to_text
    from campaignkit.timing.offsets.moments import DayEdge, Moment
    from campaignkit.timing.offsets.planning import LatePolicy, SkipReason, StepDue, StepSkipped, plan_step, plan_steps
    from campaignkit.timing.openings import OpeningHours
    from campaignkit.timing.send_times import paced_send_times
    from campaignkit.timing.windows import NoWindow, SendWindow
    from campaignkit.transports.function import FunctionTransport
    from campaignkit.transports.http.descriptions import GatewayDescription
    from campaignkit.transports.http.gateway import GatewayTransport
    from campaignkit.transports.http.kannel import KannelTransport
    from campaignkit.transports.http.twilio import TwilioTransport
    from campaignkit.transports.outbox import OutboxTransport, TextOutboxTransport
    from campaignkit.transports.smpp.transport import SmppTransport
    from campaignkit.transports.smtp import SmtpTransport

__all__ = [
    "AT_ONCE",
    "Actor",
    "AddedRecipients",
    "AddressTaken",
    "After",
    "AllOf",
    "AnyOf",
    "Arrival",
    "AtLeast",
    "AtMost",
    "Attachment",
    "Audience",
    "AudienceStream",
    "Before",
    "BillLine",
    "Campaign",
    "CampaignCounts",
    "CampaignEvent",
    "CampaignKind",
    "CampaignKit",
    "CampaignKitError",
    "CampaignLinks",
    "CampaignNotFound",
    "CampaignRecipient",
    "CampaignStatus",
    "Channel",
    "Consent",
    "ConsentEntry",
    "ConsentPolicy",
    "ConsentState",
    "Contact",
    "Contains",
    "CreditLedger",
    "CreditsExceeded",
    "Customer",
    "CustomerIndex",
    "CustomerStatus",
    "DateCount",
    "DayEdge",
    "Delivery",
    "DkimSigner",
    "DoubtPolicy",
    "DuplicateGroup",
    "Duplicates",
    "EmailAddress",
    "EmailContent",
    "Equals",
    "Eta",
    "EtaCode",
    "Exclusion",
    "ExclusionReason",
    "Explanation",
    "FeedbackId",
    "Finding",
    "Forecast",
    "FrequencyCap",
    "FrozenClock",
    "FunctionTransport",
    "GatewayDescription",
    "GatewayTransport",
    "Got",
    "GroupState",
    "HoldNotFound",
    "HourCount",
    "IllegalTransition",
    "InDoubt",
    "InboundText",
    "InlineImage",
    "InsufficientCredits",
    "Interval",
    "InvalidAddress",
    "InvalidContent",
    "InvalidCredits",
    "InvalidTemplate",
    "IsSet",
    "KannelTransport",
    "KeyReused",
    "Keyword",
    "KeywordKind",
    "LatePolicy",
    "Limit",
    "LimitReached",
    "LinkFinding",
    "LinkPlan",
    "LinkSettings",
    "MailSettings",
    "MatchKind",
    "MemoryStore",
    "Merchant",
    "MerchantCredits",
    "MerchantNotFound",
    "MerchantTemplate",
    "MergePlan",
    "MessageFinding",
    "MissingExtra",
    "Moment",
    "NoAddressColumn",
    "NoPriceTable",
    "NoWindow",
    "Not",
    "NotEditable",
    "NotFound",
    "NotReady",
    "Observation",
    "Offset",
    "OffsetUnit",
    "OneOf",
    "OpeningHours",
    "OutboundEmail",
    "OutboundText",
    "OutboxTransport",
    "Outcome",
    "PartCounter",
    "Permission",
    "PhoneNumber",
    "PostalAddress",
    "Predicate",
    "Preflight",
    "Preview",
    "Price",
    "PriceBook",
    "PriceTable",
    "ProviderPreset",
    "PumpingSettings",
    "ReceiptStatus",
    "Recipient",
    "RecipientBusy",
    "RecipientEvent",
    "RecipientNotFound",
    "RecipientStatus",
    "RecordVerdict",
    "Recorded",
    "RedirectedRecipients",
    "Rejection",
    "RejectionCode",
    "ResentDoubts",
    "RevisionConflict",
    "RuleUse",
    "RunReport",
    "SchemaOutdated",
    "SchemaTooNew",
    "Scope",
    "SendWindow",
    "Sender",
    "SenderNotFound",
    "SenderState",
    "SkipReason",
    "SmppTransport",
    "SmsContent",
    "SmsEncoding",
    "SmsParts",
    "SmsReceipt",
    "SmtpTransport",
    "SqlStore",
    "StaleReason",
    "StaleReport",
    "StalenessRule",
    "StartInPast",
    "StepDue",
    "StepSkipped",
    "StoreBroken",
    "StoreUnavailable",
    "Supply",
    "SupplyFailed",
    "SupplyRequest",
    "Syntax",
    "SystemClock",
    "Targeting",
    "TargetingReport",
    "TemplateNotFound",
    "TestNotFound",
    "TestResult",
    "TextOutboxTransport",
    "TextPart",
    "TextPreview",
    "TickReport",
    "TwilioTransport",
    "UnknownColumn",
    "UnknownField",
    "UnreadableContacts",
    "Unsubscribed",
    "Verdict",
    "WaitingCampaign",
    "WaitingFor",
    "WithinDays",
    "__version__",
    "allowed_events",
    "apply_changes",
    "build_audience",
    "cheaper_spellings",
    "check_customer",
    "check_edit",
    "check_links",
    "check_message",
    "check_opt_out",
    "compile_part_counter",
    "count_parts",
    "country_caps",
    "customer_from",
    "email_from_html",
    "filter_from_dict",
    "filter_to_dict",
    "find_duplicates",
    "find_preset",
    "find_pumping",
    "find_stale",
    "find_unknown_fields",
    "inline_css",
    "known_fields",
    "limit_from_text",
    "limit_to_text",
    "offset_from_text",
    "offset_to_text",
    "paced_send_times",
    "parse_contact",
    "parse_email",
    "parse_phone",
    "part_reference",
    "plan_merge",
    "plan_step",
    "plan_steps",
    "preset_window",
    "read_bounce_address",
    "read_contacts",
    "read_kannel_receipt",
    "read_keyword",
    "read_twilio_webhook",
    "redirects_of",
    "resolve_offset",
    "resolve_redirect",
    "rewrite_links",
    "shorten_links",
    "split_text",
    "status_label",
    "stream_audience",
    "text_from_html",
    "to_dict",
    "transition",
    "transliterate",
    "transliterate_template",
    "with_opt_out",
    "write_rejections",
]

_HOMES = {
    "addresses.channel": ("Channel", "Rejection", "RejectionCode"),
    "addresses.email": ("EmailAddress", "parse_email"),
    "addresses.phone": ("PhoneNumber", "parse_phone"),
    "audience.consent": ("Consent", "ConsentEntry", "ConsentPolicy", "ConsentState"),
    "audience.contacts": ("Contact", "parse_contact"),
    "audience.customers.checking": ("check_customer", "customer_from"),
    "audience.customers.comparing": ("MatchKind",),
    "audience.customers.duplicates": ("DuplicateGroup", "Duplicates", "find_duplicates"),
    "audience.customers.index": ("CustomerIndex",),
    "audience.customers.merging": ("MergePlan", "apply_changes", "plan_merge"),
    "audience.customers.mismatches": ("check_edit",),
    "audience.customers.records": ("Customer", "CustomerStatus", "PostalAddress"),
    "audience.customers.redirects": ("redirects_of", "resolve_redirect"),
    "audience.imports": ("read_contacts",),
    "audience.rejections": ("write_rejections",),
    "audience.selection": (
        "Audience",
        "AudienceStream",
        "Exclusion",
        "ExclusionReason",
        "Recipient",
        "build_audience",
        "stream_audience",
    ),
    "audience.staleness": ("StaleReason", "StaleReport", "StalenessRule", "find_stale"),
    "audience.targeting": (
        "After",
        "AllOf",
        "AnyOf",
        "AtLeast",
        "AtMost",
        "Before",
        "Contains",
        "Equals",
        "Got",
        "IsSet",
        "Not",
        "OneOf",
        "Predicate",
        "Targeting",
        "TargetingReport",
        "WithinDays",
        "filter_from_dict",
        "filter_to_dict",
    ),
    "campaign.campaign": ("Campaign", "CampaignKind", "WaitingFor"),
    "campaign.doubts": ("DoubtPolicy",),
    "campaign.recipients": ("CampaignRecipient",),
    "campaign.senders": ("Sender",),
    "campaign.status": (
        "CampaignEvent",
        "CampaignStatus",
        "Delivery",
        "RecipientEvent",
        "RecipientStatus",
        "allowed_events",
        "status_label",
        "transition",
    ),
    "clocks": ("FrozenClock", "SystemClock"),
    "credits.ledger": ("CreditLedger",),
    "credits.prices": ("Price", "PriceBook", "PriceTable"),
    "credits.pumping": ("find_pumping",),
    "credits.pumping_settings": ("PumpingSettings",),
    "credits.reconciling": ("BillLine",),
    "delivery.feedback": ("RecordVerdict",),
    "delivery.outcomes": ("Outcome", "Scope", "Verdict"),
    "delivery.sms_keywords": ("Keyword", "KeywordKind", "read_keyword"),
    "delivery.sms_receipts": ("InboundText", "ReceiptStatus", "SmsReceipt", "read_kannel_receipt"),
    "delivery.twilio_webhooks": ("read_twilio_webhook",),
    "errors": (
        "AddressTaken",
        "CampaignKitError",
        "CampaignNotFound",
        "CreditsExceeded",
        "HoldNotFound",
        "IllegalTransition",
        "InsufficientCredits",
        "InvalidAddress",
        "InvalidContent",
        "InvalidCredits",
        "InvalidTemplate",
        "KeyReused",
        "LimitReached",
        "MerchantNotFound",
        "MissingExtra",
        "NoAddressColumn",
        "NoPriceTable",
        "NotEditable",
        "NotFound",
        "NotReady",
        "RecipientBusy",
        "RecipientNotFound",
        "RevisionConflict",
        "SchemaOutdated",
        "SchemaTooNew",
        "SenderNotFound",
        "StartInPast",
        "StoreBroken",
        "StoreUnavailable",
        "SupplyFailed",
        "TemplateNotFound",
        "TestNotFound",
        "UnknownColumn",
        "UnreadableContacts",
    ),
    "insight.doubts": ("InDoubt",),
    "insight.explain": ("Explanation",),
    "insight.forecast.values": ("DateCount", "Eta", "EtaCode", "Forecast", "HourCount", "RuleUse"),
    "insight.preflight": ("Finding", "Preflight"),
    "kit.door": ("Actor", "Permission"),
    "kit.kit": ("CampaignKit",),
    "kit.credit": ("MerchantCredits",),
    "kit.merchant": ("Merchant",),
    "kit.previewing": ("Preview", "TextPreview"),
    "kit.recording": ("Recorded",),
    "kit.results": (
        "AddedRecipients",
        "Arrival",
        "CampaignCounts",
        "GroupState",
        "Observation",
        "RedirectedRecipients",
        "ResentDoubts",
        "RunReport",
        "SenderState",
        "TestResult",
        "TickReport",
        "WaitingCampaign",
    ),
    "kit.templates": ("MerchantTemplate",),
    "kit.unsubscribing": ("Unsubscribed",),
    "message.attachments": ("Attachment", "InlineImage"),
    "message.campaign_headers": ("FeedbackId",),
    "message.completeness": ("MessageFinding", "check_message"),
    "message.content": ("EmailContent", "SmsContent", "Syntax"),
    "message.dkim": ("DkimSigner",),
    "message.fields": ("UnknownField", "find_unknown_fields", "known_fields"),
    "message.html_parts": ("email_from_html", "inline_css", "text_from_html"),
    "message.links.checking": ("LinkFinding", "check_links"),
    "message.links.rewriting": ("LinkPlan", "rewrite_links"),
    "message.links.settings": ("LinkSettings",),
    "message.links.urls": ("CampaignLinks", "read_bounce_address"),
    "message.mail_settings": ("MailSettings",),
    "message.outbound": ("OutboundEmail", "OutboundText"),
    "message.sms": (
        "PartCounter",
        "SmsEncoding",
        "SmsParts",
        "TextPart",
        "cheaper_spellings",
        "check_opt_out",
        "compile_part_counter",
        "count_parts",
        "part_reference",
        "shorten_links",
        "split_text",
        "transliterate",
        "transliterate_template",
        "with_opt_out",
    ),
    "message.supplies": ("Supply", "SupplyRequest"),
    "plain": ("to_dict",),
    "stores.memory": ("MemoryStore",),
    "stores.sql": ("SqlStore",),
    "timing.limits": (
        "FrequencyCap",
        "Interval",
        "Limit",
        "ProviderPreset",
        "country_caps",
        "find_preset",
        "limit_from_text",
        "limit_to_text",
    ),
    "timing.offsets.counting": ("AT_ONCE", "Offset", "OffsetUnit", "resolve_offset"),
    "timing.offsets.forms": ("offset_from_text", "offset_to_text"),
    "timing.offsets.moments": ("DayEdge", "Moment"),
    "timing.offsets.planning": (
        "LatePolicy",
        "SkipReason",
        "StepDue",
        "StepSkipped",
        "plan_step",
        "plan_steps",
    ),
    "timing.hours_presets": ("preset_window",),
    "timing.openings": ("OpeningHours",),
    "timing.send_times": ("paced_send_times",),
    "timing.windows": ("NoWindow", "SendWindow"),
    "transports.function": ("FunctionTransport",),
    "transports.http.descriptions": ("GatewayDescription",),
    "transports.http.gateway": ("GatewayTransport",),
    "transports.http.kannel": ("KannelTransport",),
    "transports.http.twilio": ("TwilioTransport",),
    "transports.smpp.transport": ("SmppTransport",),
    "transports.outbox": ("OutboxTransport", "TextOutboxTransport"),
    "transports.smtp": ("SmtpTransport",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("campaignkit")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
