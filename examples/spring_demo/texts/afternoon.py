"""Monday afternoon: texts leave, a worker is killed, the credit is gone, and a grant sets them going again."""

from datetime import datetime
from typing import Any

import campaignkit as ck
from examples.spring_demo.children import Child, Family, StoryFailed
from examples.spring_demo.shop import Places
from examples.spring_demo.texts.cards import Prepared
from examples.spring_demo.texts.judge import read_texts
from examples.spring_demo.texts.scene import PAYDAY, RECOVERY, SECOND_CREDITS, START, open_text_kit
from examples.spring_demo.voice import Bar, Voice

__all__ = ["Afternoon"]

SILENCE_SECONDS = 20.0  # of real time; a text takes some thousandths
FATAL_NUMBER = 50  # the text whose answer the worker does not live to hear
UNKNOWN_NUMBER = 79  # at the gateway nobody has the number that this one goes to
PIPE_STEP = 50


class Afternoon:
    """The gateway, two workers, and what they say."""

    def __init__(self, family: Family, voice: Voice, places: Places, prepared: Prepared) -> None:
        self._family = family
        self._voice = voice
        self._places = places
        self._prepared = prepared
        self._sent_count = 0  # before the bar that is drawn
        self._second: Child | None = None
        self.dry_count = 0  # texts that the gateway had taken when the credit was gone
        self._gateway = family.start("text gateway", "texts.gateway", str(places.out))
        self._port = family.expect(self._gateway, "listening", SILENCE_SECONDS)["port"]

    def send_until_dry(self) -> None:
        """Send until a worker is killed, and on with another until the credit is gone."""
        self._voice.act("12. Monday afternoon: bouquets first, then tulips, until the credit is gone")
        self._tell_gateway(do="withhold", number=FATAL_NUMBER)
        self._voice.at(START, "A worker begins to send, thirty texts a minute.")
        victim = self._start_worker("text worker 1", START)
        self._kill(victim)
        self._tell_gateway(do="refuse", number=UNKNOWN_NUMBER)
        self._voice.at(RECOVERY, "A second worker starts. The database tells it who is left, and what is paid for.")
        self._second = self._start_worker("text worker 2", RECOVERY)
        done = self._follow(self._second)
        if (done["status"], done["waiting_for"]) != ("scheduled", "credit"):
            raise StoryFailed(f"the credit was to run out: {done}")
        self.dry_count = len(read_texts(self._places.texts_log))
        self._voice.at(_moment(done), "Nothing timed is left to do. The worker stays; the campaign waits.")

    def go_on_after_grant(self) -> None:
        """Grant credit while the worker waits, and see it go on by itself."""
        self._voice.act("13. A grant, and it goes on by itself")
        with open_text_kit(self._places.database, ck.FrozenClock(PAYDAY)) as kit:
            flora = kit.merchant("flora", actor=ck.Actor("ann", email="ann@flora.example"))
            flora.credits.grant(SECOND_CREDITS, key="invoice-8")
        self._voice.at(PAYDAY, f"Ann pays invoice 8: {SECOND_CREDITS} credits. She presses nothing else.", "green")
        if self._second is None:
            raise StoryFailed("nobody is there to go on")
        self._second.tell(at=PAYDAY.isoformat())
        done = self._follow(self._second)
        if done["status"] != "finished" or len(read_texts(self._places.texts_log)) <= self.dry_count:
            raise StoryFailed(f"the grant was to set the texts going again: {done}")
        self._voice.at(_moment(done), f"The campaign is {done['status']}.", "bold")

    def _start_worker(self, name: str, at: datetime) -> Child:
        arguments = ["--database", str(self._places.database), "--port", str(self._port), "--at", at.isoformat()]
        return self._family.start(name, "texts.worker", *arguments)

    def _tell_gateway(self, **words: Any) -> None:
        self._gateway.tell(**words)
        self._family.expect(self._gateway, "understood", SILENCE_SECONDS)

    def _kill(self, worker: Child) -> None:
        said = self._follow(worker)
        if said["event"] != "withheld":
            raise StoryFailed(f"the gateway was to withhold its answer to text {FATAL_NUMBER}: {said}")
        self._sent_count = said["number"] - 1
        status = self._family.kill(worker)
        self._check_order()
        self._voice.say(f"The {self._prepared.orders_count} whose bouquets are tied know it; then came the tulips.")
        self._voice.say(f"The gateway takes text {said['number']} and does not say so.", "yellow")
        self._voice.say(f"The worker is killed with SIGKILL (exit status {status}).", "bold red")

    def _check_order(self) -> None:
        taken = read_texts(self._places.texts_log)
        firsts = ["bouquet" in text.text for text in taken[: self._prepared.orders_count]]
        rest = ["bouquet" in text.text for text in taken[self._prepared.orders_count :]]
        if not all(firsts) or any(rest):
            raise StoryFailed("the bouquets were to go first")

    def _follow(self, worker: Child) -> dict[str, Any]:
        """Return what ends the watch: the worker has nothing to do, or the gateway withholds an answer."""
        total = self._prepared.orders_count + self._prepared.tulips_count
        with self._voice.bar(total, self._sent_count, step=PIPE_STEP) as bar:
            for word in self._family.listen(SILENCE_SECONDS):
                if word.event in {"done", "withheld"}:
                    self._sent_count += word.said.get("sent", 0)
                    return word.said
                self._note(word.said, bar)
        raise StoryFailed(f"{worker.name} fell silent")

    def _note(self, said: dict[str, Any], bar: Bar) -> None:
        match said["event"]:
            case "progress":
                bar.move(said["sent"], _moment(said))
            case "refused":
                self._voice.say(f"The gateway to {said['to']}: 301 no such number. That text costs nothing.", "yellow")
            case "dry":
                self._voice.at(
                    _moment(said), f"{said['available']} credits are left, the next text costs {said['needed']}."
                )
                self._voice.say(
                    f"Nothing cheaper overtakes it: the campaign is {said['status']}, and waits for credit."
                )
            case "doubt":
                self._voice.at(
                    _moment(said), f"The dead worker's lease is over: {said['count']} text is in doubt.", "yellow"
                )
                self._voice.say(
                    f"It may have arrived: it is not sent again, and its price stays held ({said['held']})."
                )


def _moment(said: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(said["at"])
