"""What providers say when they refuse, and campaigns that it is said to."""

from collections.abc import Iterable
from datetime import timedelta

import attrs

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.kit import CampaignKit
from campaignkit.ports import Store, Transport
from campaignkit.testing import FakeEmail
from tests.dispatch.scenes import Scene, make_scene, people

MINUTE = timedelta(minutes=1)
POLICY = Outcome(message_id="", verdict=Verdict.DEFERRED, code="policy", reply="550 5.7.1 blocked, see list")
SPAM = Outcome(message_id="", verdict=Verdict.REFUSED, code="content", reply="554 5.7.1 looks like spam")
BUSY = Outcome(message_id="", verdict=Verdict.DEFERRED, scope=Scope.HOST, code="host_busy", reply="421 4.3.2 busy")
SLOW = attrs.evolve(BUSY, scope=Scope.GROUP, code="throttled", reply="450 4.7.28 slow down")
REFUSED = Outcome(message_id="", verdict=Verdict.REFUSED, scope=Scope.SENDER, code="auth_refused", reply="535 no")
DOUBT = Outcome(message_id="", verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code="reply_lost")


def play(store: Store, fake: Transport, to: Iterable[str], **settings: object) -> tuple[Scene, str]:
    """Return a scene and its campaign to *to*."""
    scene = make_scene(store, fake, recipients=1, **settings)  # type: ignore[arg-type]
    scene.shop.cancel(scene.campaign_id)
    return scene, scene.another("To all", people(to))


def statuses(scene: Scene, campaign_id: str) -> dict[str, int]:
    return {str(status): count for status, count in scene.shop.counts(campaign_id).by_status.items()}


def failure(scene: Scene, campaign_id: str) -> tuple[str, str]:
    campaign = scene.shop.campaign(campaign_id)
    return campaign.status.value, campaign.failure_code


def restarted(scene: Scene, fake: FakeEmail) -> CampaignKit:
    """Return another worker with nothing in memory."""
    return CampaignKit(store=scene.store, transports={"main": fake}, clock=scene.clock, randomness=lambda: 0.0)


def at_domains(*names: str) -> list[str]:
    return [f"ann@{name}.example" for name in names]
