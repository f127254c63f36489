"""The laws of ``ports.Transport``: a transport comes in, the laws it breaks leave.

``TransportLaws`` for pytest, ``check_transport`` without it.
"""

from campaignkit.testing.transport_laws.laws import TransportLaws, check_transport, transport_law_names
from campaignkit.testing.transport_laws.trying import TransportCase

__all__ = ["TransportCase", "TransportLaws", "check_transport", "transport_law_names"]
