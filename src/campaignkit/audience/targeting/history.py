"""History: who was sent something, by contact and by address, in; whether a contact is among them, out. Pure."""

from campaignkit.audience.address_table import AddressTable
from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting.answers import Answer

__all__ = ["History"]

_SOMEWHERE = 1  # the table keeps positions; here only presence counts


class History:
    """Who got one campaign or step. A contact is known by the host's id for it, and by each of its addresses.

    Takes some 70 bytes a person, however long the names are.
    """

    def __init__(self) -> None:
        self._got, self._unsure = AddressTable(), AddressTable()

    def note(self, *, contact_id: str, address_key: str, is_certain: bool) -> None:
        """Remember that somebody got it, or with *is_certain* false, that nobody can say."""
        table = self._got if is_certain else self._unsure
        for key in _keys(contact_id, address_key):
            table.claim(key, _SOMEWHERE)

    def answer(self, contact: Contact) -> Answer:
        """Return whether *contact* got it: yes if its id or one of its addresses did, unclear if one is in doubt."""
        addresses = [address.key for address in (contact.email, contact.phone) if address is not None]
        keys = _keys(contact.contact_id, *addresses)
        if any(self._got.find(key) for key in keys):
            return Answer.YES
        return Answer.UNCLEAR if any(self._unsure.find(key) for key in keys) else Answer.NO


def _keys(contact_id: str, *address_keys: str) -> list[str]:
    """Return what somebody is known by; an id is never mistaken for an address."""
    return [f"@{key}" for key in address_keys if key] + ([f"#{contact_id}"] if contact_id else [])
