"""SMTP: mail in, outcomes out, with the dot held back until the message may cross.

``settings → opening → connection → round``; ``dialogue`` and ``wire`` are the protocol without any I/O.
"""

from campaignkit.transports.smtp.settings import Security, SmtpTimeouts, allow_any, allow_public
from campaignkit.transports.smtp.transport import SmtpTransport

__all__ = ["Security", "SmtpTimeouts", "SmtpTransport", "allow_any", "allow_public"]
