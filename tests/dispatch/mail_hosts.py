"""A shop whose campaign goes through real sockets to a mail host that is told what to say; time is virtual."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from campaignkit.ports import Store
from campaignkit.stores import MemoryStore
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from tests.dispatch.scenes import Scene, make_scene, people
from tests.transports.servers import ReplyScript, TinySmtp

QUICK = SmtpTimeouts(connect=0.3, command=0.3, body=0.3, dot=0.3, quit=0.2)


@attrs.frozen
class MailShop:
    """One campaign, and the server that it is sent through."""

    scene: Scene
    server: TinySmtp
    campaign_id: str

    def run(self, until: Any = None) -> None:
        self.scene.kit.run(until=until)

    @property
    def status(self) -> str:
        return self.scene.shop.campaign(self.campaign_id).status.value

    @property
    def failure(self) -> tuple[str, str]:
        campaign = self.scene.shop.campaign(self.campaign_id)
        return campaign.status.value, campaign.failure_code

    def statuses(self) -> dict[str, int]:
        return {str(status): count for status, count in self.scene.shop.counts(self.campaign_id).by_status.items()}

    def resume(self) -> None:
        self.scene.shop.resume(self.campaign_id)


@contextmanager
def mail_shop(
    replies: dict[str, ReplyScript],
    to: Sequence[str],
    *,
    connections: int = 1,
    store: Store | None = None,
    **settings: Any,
) -> Iterator[MailShop]:
    """Yield a shop that is about to write to *to*; the first campaign of its scene is empty and cancelled."""
    with TinySmtp(replies=replies) as server:
        transport = SmtpTransport(
            "127.0.0.1",
            server.port,
            security="insecure_plaintext",
            timeouts=QUICK,
            connections=connections,
            wave_wait_seconds=0.05,
        )
        scene = make_scene(store or MemoryStore(), transport, recipients=1, **settings)
        scene.shop.cancel(scene.campaign_id)
        yield MailShop(scene, server, scene.another("To all", people(to)))
        transport.close()
