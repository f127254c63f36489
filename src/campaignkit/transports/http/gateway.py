"""Any gateway that a table describes: a text in, a request out; a reply in, its meaning out."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from campaignkit.delivery.http_replies import HttpReply, accepted, in_doubt, json_body, status_verdict, value_at
from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.message.outbound import OutboundText
from campaignkit.message.sms import count_parts
from campaignkit.transports.http.descriptions import (
    BodyFormat,
    ErrorRule,
    GatewayDescription,
    Place,
    fill,
    placeholders_of,
)
from campaignkit.transports.http.exchange import FORM, JSON, Answer, HttpRequest, require_url
from campaignkit.transports.http.transport import HttpTransport

__all__ = ["GatewayDialect", "GatewayTransport"]

ID_LENGTH_MAX = 200
SEARCHED_MAX = 4096  # bytes of an answer that a pattern is looked for in


class GatewayTransport(HttpTransport):
    """Sends texts through the gateway of *description*, a ``GatewayDescription`` or the table it is read from.

    Args:
        secrets: What ``{secret.NAME}`` stands for: tokens and passwords, which stay out of the description.
        insecure_plaintext: Allow ``http://`` to another machine although there are secrets.

    The other options are those of ``HttpTransport``.

    Raises:
        ValueError: the description makes no sense, names a secret that is not given, or would send one in plain text.
    """

    def __init__(
        self,
        description: GatewayDescription | Mapping[str, Any],
        *,
        secrets: Mapping[str, str] | None = None,
        insecure_plaintext: bool = False,
        **options: Any,
    ) -> None:
        if not isinstance(description, GatewayDescription):
            description = GatewayDescription.from_table(description)
        require_url(
            description.url,
            has_secret=bool(secrets) or description.basic_auth is not None,
            insecure_plaintext=insecure_plaintext,
        )
        super().__init__(GatewayDialect(description, secrets or {}), **options)
        self.is_idempotent = description.idempotency_header is not None


class GatewayDialect:
    """How the described gateway is spoken to. Pure."""

    def __init__(self, description: GatewayDescription, secrets: Mapping[str, str]) -> None:
        self._description = description
        self._secrets = {f"secret.{name}": value for name, value in secrets.items()}
        self._authorization = self._basic_auth()
        self._errors = {value: _verdict_of(rule) for rule in description.errors for value in rule.values}
        # A request that cannot be built is found now, not with the first recipient.
        self.write(OutboundText(message_id="m0", sender="Flora", to="+12125550143", text="hello"))

    def write(self, message: OutboundText, /) -> HttpRequest:
        description = self._description
        values = {**self._secrets, **_values_of(message)}
        fields = _filled(description.fields, values)
        headers = [(name, _fill(text, values)) for name, text in description.headers.items()]
        if self._authorization is not None:
            headers.append(("Authorization", self._authorization))
        if description.idempotency_header is not None:
            headers.append((description.idempotency_header, message.message_id))
        match description.format:
            case BodyFormat.QUERY:
                joint = "&" if "?" in description.url else "?"
                return HttpRequest(
                    method=description.method,
                    url=f"{description.url}{joint}{urlencode(fields, doseq=True)}",
                    headers=tuple(headers),
                )
            case BodyFormat.FORM:
                kind, body = FORM, urlencode(fields, doseq=True).encode("ascii")
            case BodyFormat.JSON:
                kind, body = JSON, json.dumps(fields, ensure_ascii=False).encode()
        return HttpRequest(
            method=description.method, url=description.url, headers=(*headers, ("Content-Type", kind)), body=body
        )

    def read(self, message: OutboundText, reply: HttpReply, /) -> Answer:
        del message
        description = self._description
        said = _Reader(reply)
        error_code = None if description.error_at is None else said(description.error_at)
        listed = None if error_code is None else self._errors.get(error_code)
        words = f"{reply.status} {reply.body[:2000].decode('utf-8', 'replace')}"
        verdict = status_verdict(reply, listed=listed)
        if verdict is not None:
            return Answer(verdict=verdict, reply=words)
        if listed is not None:
            return Answer(verdict=listed, reply=words)
        provider_id = None if description.id is None else (said(description.id) or "")[:ID_LENGTH_MAX]
        success = description.success
        is_taken = (
            reply.is_whole
            and reply.status in success.statuses
            and (success.at is None or said(success.at) in success.values)
            and (description.names_no_id or _is_id(provider_id))
        )
        return Answer(verdict=accepted() if is_taken else in_doubt(), provider_id=provider_id, reply=words)

    def probe(self) -> HttpRequest | None:
        return None

    def read_probe(self, reply: HttpReply, /) -> ReplyVerdict:
        return status_verdict(reply) or accepted()

    def _basic_auth(self) -> str | None:
        if self._description.basic_auth is None:
            return None
        pair = ":".join(_fill(text, self._secrets) for text in self._description.basic_auth)
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _values_of(message: OutboundText) -> dict[str, str]:
    return {
        "to": message.to,
        "to_digits": message.to.lstrip("+"),
        "sender": message.sender,
        "text": message.text,
        "message_id": message.message_id,
        "parts": str(message.parts),
        "encoding": count_parts(message.text).encoding.value,
    }


def _fill(text: str, values: Mapping[str, str]) -> str:
    missing = [name for name in placeholders_of(text) if name not in values]
    if missing:
        raise ValueError(f"the description names {missing[0]!r}, which is not given")
    return fill(text, values)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _fill(value, values)
    if isinstance(value, Mapping):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, values) for one in value]
    return value


class _Reader:
    """Says what stands at a place of a reply; its body is read as JSON at most once."""

    def __init__(self, reply: HttpReply) -> None:
        self._reply = reply
        self._json: Any = None
        self._is_parsed = False

    def __call__(self, place: Place) -> str | None:
        if not self._reply.is_whole:
            return None
        if place.pattern is not None:
            found = re.search(place.pattern, self._reply.body[:SEARCHED_MAX].decode("utf-8", "replace"))
            return found.group(1) if found else None
        assert place.path is not None
        if not self._is_parsed:
            self._json, self._is_parsed = json_body(self._reply), True
        return value_at(self._json, place.path)


def _verdict_of(rule: ErrorRule) -> ReplyVerdict:
    wait = None if rule.wait_seconds is None else timedelta(seconds=rule.wait_seconds)
    is_deferral = rule.verdict is Verdict.DEFERRED
    return ReplyVerdict(
        verdict=rule.verdict, scope=rule.scope, code=rule.code, retry_after=wait if is_deferral else None
    )


def _is_id(provider_id: str | None) -> bool:
    return bool(provider_id) and provider_id is not None and provider_id.isprintable() and not provider_id.isspace()
