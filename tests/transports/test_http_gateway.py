"""Any gateway that a table describes: what it is told, what its answers mean, what a description may not say."""

import json
import tomllib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from campaignkit.delivery.outcomes import Outcome
from campaignkit.transports.http import GatewayDescription, GatewayTransport, HttpTimeouts
from tests.transports.gateways import TinyGateway, answer, json_answer, text
from tests.transports.servers import Gate

QUICK = HttpTimeouts(connect=1, write=1, read=0.3, pool=1, total=1)

JSON_GATEWAY = """
url = "{url}/v1/messages"
format = "json"
idempotency_header = "Idempotency-Key"
id.path = "messages.0.id"
error_at.path = "error.code"

[headers]
Authorization = "Bearer {secret.token}"

[fields]
from = "{sender}"
reference = "{message_id}"
flash = false
to = [{number = "{to_digits}"}]
body = {text = "{text}", unicode = "{encoding}"}

[success]
statuses = [200, 201]
at.path = "messages.0.status"
values = ["queued", 0]

[[errors]]
values = [301, "E-BADNUM"]
code = "number_unknown"
verdict = "refused"
scope = "recipient"

[[errors]]
values = [429]
code = "throttled"
verdict = "deferred"
wait_seconds = 30
"""

TEXT_GATEWAY = """
url = "{url}/send.php?client=7"
method = "GET"
format = "query"
basic_auth = ["flora", "{secret.password}"]
id.pattern = 'OK:\\s*(\\w+)'
error_at.pattern = 'ERR (\\d+)'

[fields]
dest = "{to}"
msg = "{text}"

[[errors]]
values = ["12"]
code = "number_unknown"
verdict = "refused"
scope = "recipient"
"""


def described(server: TinyGateway, table: str, **options: Any) -> GatewayTransport:
    settings = {
        "secrets": {"token": "t0ken", "password": "s3cret"},
        "timeouts": QUICK,
        "connections": 1,
        **options,
    }
    return GatewayTransport(tomllib.loads(table.replace("{url}", server.url)), **settings)


def send(server: TinyGateway, table: str, message=None, **options: Any) -> Outcome:
    transport = described(server, table, **options)
    (outcome,) = transport.send([message or text()], Gate())
    transport.close()
    return outcome


def facts(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.verdict.value, outcome.scope.value, outcome.code


TAKEN = json_answer(200, {"messages": [{"id": 4711, "status": "queued"}]})


def test_what_a_json_gateway_is_told():
    words = 'zażółć "{to}" {secret.token} \\ \n😀'
    with TinyGateway(TAKEN) as server:
        outcome = send(server, JSON_GATEWAY, text(words=words, parts=2))

    (call,) = server.calls
    assert json.loads(call.body) == {
        "from": "Flora",
        "reference": "t0",
        "flash": False,
        "to": [{"number": "12125550000"}],
        "body": {"text": words, "unicode": "ucs2"},
    }
    assert (call.method, call.target) == ("POST", "/v1/messages")
    assert (call.headers["authorization"], call.headers["idempotency-key"]) == ("Bearer t0ken", "t0")
    assert call.headers["content-type"] == "application/json"
    assert (facts(outcome), outcome.provider_id, outcome.parts_accepted) == (
        ("accepted", "recipient", "accepted"),
        "4711",
        2,
    )


def test_a_gateway_that_takes_one_message_once_says_so_and_gets_the_same_key_again():
    with TinyGateway(TAKEN) as server:
        transport = described(server, JSON_GATEWAY)
        for _ in range(2):
            list(transport.send([text(5)], Gate()))
        transport.close()
        plain = described(server, TEXT_GATEWAY)

    assert (transport.is_idempotent, plain.is_idempotent) == (True, False)
    assert {(call.headers["idempotency-key"], call.body) for call in server.calls} == {("t5", server.calls[0].body)}


def test_what_a_plain_gateway_is_told():
    with TinyGateway(answer(200, "OK: a1b2")) as server:
        outcome = send(server, TEXT_GATEWAY, text(words="a & b + c"))

    (call,) = server.calls
    assert urlsplit(call.target).path == "/send.php"
    assert parse_qs(urlsplit(call.target).query) == {"client": ["7"], "dest": ["+12125550000"], "msg": ["a & b + c"]}
    assert call.headers["authorization"].startswith("Basic ")
    assert outcome.provider_id == "a1b2"


@pytest.mark.parametrize(
    ("table", "said", "expected"),
    [
        (JSON_GATEWAY, json_answer(200, {"messages": [{"id": 1, "status": 0}]}), ("accepted", "recipient", "accepted")),
        (
            JSON_GATEWAY,
            json_answer(202, {"messages": [{"id": 1, "status": 0}]}),
            ("in_doubt", "host", "reply_unreadable"),
        ),
        (JSON_GATEWAY, json_answer(200, {"messages": [{"status": 0}]}), ("in_doubt", "host", "reply_unreadable")),
        (
            JSON_GATEWAY,
            json_answer(200, {"messages": [{"id": " ", "status": 0}]}),
            ("in_doubt", "host", "reply_unreadable"),
        ),
        (
            JSON_GATEWAY,
            json_answer(200, {"messages": [{"id": 1, "status": "?"}]}),
            ("in_doubt", "host", "reply_unreadable"),
        ),
        (JSON_GATEWAY, json_answer(200, {"messages": []}), ("in_doubt", "host", "reply_unreadable")),
        (JSON_GATEWAY, answer(200, "null"), ("in_doubt", "host", "reply_unreadable")),
        (JSON_GATEWAY, json_answer(200, {"error": {"code": 301}}), ("refused", "recipient", "number_unknown")),
        (JSON_GATEWAY, json_answer(422, {"error": {"code": "E-BADNUM"}}), ("refused", "recipient", "number_unknown")),
        (JSON_GATEWAY, json_answer(200, {"error": {"code": 429}}), ("deferred", "sender", "throttled")),
        (JSON_GATEWAY, json_answer(422, {"error": {"code": 999}}), ("not_sent", "sender", "request_refused")),
        (JSON_GATEWAY, json_answer(500, {"error": {"code": 301}}), ("in_doubt", "host", "reply_lost")),
        (JSON_GATEWAY, json_answer(409, {"error": {"code": 301}}), ("in_doubt", "host", "reply_lost")),
        (TEXT_GATEWAY, answer(200, "ERR 12 bad number"), ("refused", "recipient", "number_unknown")),
        (TEXT_GATEWAY, answer(200, "ERR 99 who knows"), ("in_doubt", "host", "reply_unreadable")),
        (TEXT_GATEWAY, answer(200, "OK: "), ("in_doubt", "host", "reply_unreadable")),
        (TEXT_GATEWAY, answer(200, ""), ("in_doubt", "host", "reply_unreadable")),
    ],
)
def test_what_the_answers_of_a_described_gateway_prove(table, said, expected):
    with TinyGateway(said) as server:
        outcome = send(server, table)

    assert facts(outcome) == expected
    assert len(server.calls) == 1


def test_a_described_wait_is_passed_on():
    with TinyGateway(json_answer(200, {"error": {"code": 429}})) as server:
        outcome = send(server, JSON_GATEWAY)

    assert outcome.retry_after == timedelta(seconds=30)


def test_a_gateway_without_ids_needs_a_word_of_success():
    table = {"url": "https://g.example", "fields": {"to": "{to}"}, "names_no_id": True}
    with pytest.raises(ValueError, match="an empty answer proves nothing"):
        GatewayDescription.from_table(table)
    with TinyGateway([answer(200, "SENT"), answer(200, "")]) as server:
        worded = {**table, "url": server.url, "success": {"at": {"pattern": "^(SENT)$"}, "values": ["SENT"]}}
        transport = GatewayTransport(worded, timeouts=QUICK, connections=1)
        outcomes = list(transport.send([text(0), text(1)], Gate()))
        transport.close()

    assert [(facts(one)[0], one.provider_id) for one in outcomes] == [("accepted", None), ("in_doubt", None)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fields": {"x": "{password}"}}, "no placeholder {password}"),
        ({"headers": {"X-To": "{to}"}}, "no placeholder {to}"),
        ({"fields": {"x": "{secret.other}"}}, "'secret.other', which is not given"),
        ({"headers": {"X": "{secret.evil}"}}, "cannot stand in a request"),
        ({"headers": {"X\r\nY": "z"}}, "cannot stand in a request"),
        ({"url": "http://sms.example"}, "plain text"),
        ({"url": "file:///etc/passwd"}, "https://"),
        ({"id": {}}, "a path or a pattern"),
        ({"id": {"pattern": "("}}, "cannot be read"),
        ({"id": {"pattern": "no group"}}, "one pair of brackets"),
        ({"id": {"pattern": "(" + "a" * 200 + ")"}}, "at most 200"),
        ({"colour": "red"}, "colour"),
        ({"method": "DELETE"}, "method"),
        ({"method": "GET"}, "in the query"),
        ({"names_no_id": True}, "where the id stands"),
        ({"success": {"statuses": [302]}}, "200 to 299"),
        ({"success": {"values": ["ok"]}}, "come together"),
        ({"errors": [{"values": [1], "code": "x_y", "verdict": "refused"}]}, "about a recipient"),
        ({"errors": [{"values": [1], "code": "x_y", "verdict": "accepted"}]}, "refused, deferred or not_sent"),
        ({"errors": [{"values": [1], "code": "X Y", "verdict": "not_sent"}]}, "code"),
        ({"errors": [{"values": [1], "code": "x_y", "verdict": "not_sent"}]}, "come together"),
        ({"fields": 7}, "fields"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(change, words):
    table = {"url": "https://sms.example/send", "fields": {"to": "{to}"}, "id": {"path": "id"}, **change}

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - what it says is looked at below
        GatewayTransport(table, secrets={"token": "t0ken", "evil": "x\r\nY: z"})

    assert words in str(caught.value)
    assert "t0ken" not in str(caught.value)


def test_nothing_of_a_request_is_shown():
    table = {"url": "https://sms.example/send", "fields": {"to": "{to}"}, "id": {"path": "id"}}
    description = attrs.evolve(GatewayDescription.from_table(table), basic_auth=("flora", "s3cret"))
    dialect = GatewayTransport(description)._dialect

    assert "s3cret" not in repr(description)
    assert "1212" not in repr(dialect.write(text()))
