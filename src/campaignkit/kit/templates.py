"""Templates of a merchant: contents with a name, and what each was derived from. I/O only through the store."""

import attrs

from campaignkit.dispatch.records import Records
from campaignkit.errors import TemplateNotFound
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.ports import Document, DocumentStore

__all__ = ["MerchantTemplate", "find_template", "save_template", "template_chain"]

KIND = "template"
CHAIN_MAX = 20  # templates derived from one another; a longer row is a circle


@attrs.frozen(kw_only=True)
class MerchantTemplate:
    """A content that campaigns are made of."""

    template_id: str
    content: EmailContent | SmsContent
    derived_from: str = ""  # another template; empty: none


def find_template(store: DocumentStore, records: Records, merchant_id: str, template_id: str) -> MerchantTemplate:
    """Return a merchant's template; raises TemplateNotFound."""
    document = store.load(merchant_id, KIND, template_id)
    if document is None or document.body is None:
        raise TemplateNotFound(template_id)
    return MerchantTemplate(
        template_id=template_id,
        content=records.content(merchant_id, document.body["content_id"]),
        derived_from=document.body["derived_from"],
    )


def save_template(
    store: DocumentStore, merchant_id: str, template_id: str, *, content_id: str, derived_from: str
) -> None:
    """Store a template, or replace the one of that id. Campaigns that were made of it stay as they are.

    Raises:
        ValueError: it would be derived from itself.
        TemplateNotFound: what it is derived from is not there.
        RevisionConflict: somebody else changed it in this moment.
    """
    if derived_from and template_id in template_chain(store, merchant_id, derived_from):
        raise ValueError(f"{template_id!r} would be derived from itself")
    stored = store.load(merchant_id, KIND, template_id)
    body = {"content_id": content_id, "derived_from": derived_from}
    document = Document(merchant_id=merchant_id, kind=KIND, document_id=template_id, body=body)
    if stored is None or stored.body != body:
        store.save(document, expected_revision=0 if stored is None else stored.revision)


def template_chain(store: DocumentStore, merchant_id: str, template_id: str) -> tuple[str, ...]:
    """Return a template and those that it was derived from, the nearest first; empty for no template.

    Raises:
        TemplateNotFound: the first one is not there. One further up that is gone ends the row.
    """
    chain: list[str] = []
    while template_id and template_id not in chain and len(chain) < CHAIN_MAX:
        document = store.load(merchant_id, KIND, template_id)
        if document is None or document.body is None:
            if not chain:
                raise TemplateNotFound(template_id)
            break
        chain.append(template_id)
        template_id = document.body["derived_from"]
    return tuple(chain)
