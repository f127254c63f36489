"""Friday evening to Monday morning: mail leaves, a worker is killed, the shop closes, a server has moods."""

from datetime import datetime
from typing import Any

from examples.spring_demo.children import Child, Family, StoryFailed, Word
from examples.spring_demo.judge import read_log
from examples.spring_demo.shop import AFTER_CLOSING, CLOSING, EVENING, MONDAY, RECOVERY, Places, local
from examples.spring_demo.voice import Bar, Voice

__all__ = ["Weekend"]

SILENCE_SECONDS = 20.0  # of real time; a mail takes some thousandths
FATAL_NUMBER = 100  # the mail whose reply the worker does not live to hear

# What the server says to the twentieth, fortieth and sixtieth address of Monday.
MOODS = {
    20: "421 4.3.2 Too busy, please come back later",
    40: "451 4.7.1 Greylisted, please try again in 5 minutes",
    60: "550 5.1.1 No such mailbox here",
}
WAITS = {
    "sender": "The kit leaves this host alone until {until}.",
    "retry": "All others have their mail. The one that was put off is tried again at {until}.",
}


class Weekend:
    """The mail server, three workers one after the other, and what they say."""

    def __init__(self, family: Family, voice: Voice, places: Places, recipient_count: int) -> None:
        self._family = family
        self._voice = voice
        self._places = places
        self._recipient_count = recipient_count
        self._sent_count = 0  # by the workers that have ended
        self._doubt_count = 0
        self._status = ""
        self._moves: list[tuple[str, str]] = []  # of the campaign's status, from and to
        self._waited_until = ""
        self._answered: dict[str, str] = {}  # the server's odd replies, and who got them
        self.friday_count = 0  # mails that the server accepted on Friday
        self._server = family.start("mail server", "mail_server", str(places.out))
        self._port = family.expect(self._server, "listening", SILENCE_SECONDS)["port"]

    def address_that_got(self, code: str) -> str:
        """Return who the server answered with *code*."""
        for reply, address in self._answered.items():
            if reply.startswith(code):
                return address
        raise StoryFailed(f"the server never said {code}")

    def send_on_friday(self) -> None:
        """Send until a worker is killed, and on with another until the shop closes."""
        self._voice.act("3. Friday evening: one worker dies, another goes on")
        self._tell_server(do="withhold", number=FATAL_NUMBER)
        self._voice.at(EVENING, "A worker begins to send, one mail a second.")
        victim = self._start_worker("worker 1", EVENING, until=AFTER_CLOSING)
        self._kill(victim, self._follow(victim))
        self._voice.at(RECOVERY, "A second worker starts. It was told nothing; it reads the database and goes on.")
        second = self._start_worker("worker 2", RECOVERY, until=AFTER_CLOSING)
        done = self._follow(second).said
        self._family.dismiss(second, SILENCE_SECONDS)
        self._close(done)

    def send_on_monday(self) -> None:
        """Send what is left, through all the server's moods."""
        self._voice.act("5. Monday morning: the mail server has moods")
        for after, reply in MOODS.items():
            self._tell_server(do="answer", after=after, reply=reply)
        self._voice.at(MONDAY, "A third worker starts.")
        third = self._start_worker("worker 3", MONDAY)
        done = self._follow(third).said
        self._family.dismiss(third, SILENCE_SECONDS)
        at = datetime.fromisoformat(done["at"])
        if done["status"] != "finished" or len(self._answered) != len(MOODS):
            raise StoryFailed(f"Monday ended otherwise than it should: {done}, {self._answered}")
        patient = self.address_that_got("451")
        if patient not in {mail.to for mail in read_log(self._places.log)}:
            raise StoryFailed(f"{patient} was put off and never got the mail")
        self._voice.at(at, f"{patient} has the mail, too.")
        self._voice.at(at, f"The campaign is {done['status']}. One mailbox does not exist; nobody else paid for it.")

    def _start_worker(self, name: str, at: datetime, *, until: datetime | None = None) -> Child:
        arguments = ["--database", str(self._places.database), "--port", str(self._port), "--at", at.isoformat()]
        if until is not None:
            arguments += ["--until", until.isoformat()]
        return self._family.start(name, "worker", *arguments)

    def _tell_server(self, **words: Any) -> None:
        self._server.tell(**words)
        self._family.expect(self._server, "understood", SILENCE_SECONDS)

    def _follow(self, worker: Child) -> Word:
        """Return the word that ends the watch: the worker is done, or the server withholds a reply."""
        with self._voice.bar(self._recipient_count, self._sent_count) as bar:
            for word in self._family.listen(SILENCE_SECONDS):
                match word.event:
                    case "progress":
                        self._note_progress(word.said, bar)
                    case "answered":
                        self._answered[word.said["reply"]] = word.said["to"]
                        self._voice.say(f"The server to {word.said['to']}: {word.said['reply']}", "yellow")
                    case "done":
                        self._sent_count += word.said["sent"]
                        return word
                    case "withheld":
                        self._sent_count = word.said["number"] - 1
                        return word
        raise StoryFailed(f"{worker.name} fell silent")

    def _note_progress(self, said: dict[str, Any], bar: Bar) -> None:
        at = datetime.fromisoformat(said["at"])
        bar.move(said["sent"], at)
        status = said.get("status", self._status)
        if status != self._status:
            self._moves.append((self._status, status))
            self._status = status
        if said.get("in_doubt", self._doubt_count) > self._doubt_count:
            self._doubt_count = said["in_doubt"]
            self._voice.at(at, f"The dead worker's lease is over: {self._doubt_count} mail is in doubt.", "yellow")
            self._voice.say("Nobody knows whether the server took it, so the kit does not send it again by itself.")
        wait = WAITS.get(said.get("waiting_for", ""))
        if wait is not None and said["until"] != self._waited_until:
            self._waited_until = said["until"]
            self._voice.at(at, wait.format(until=local(datetime.fromisoformat(said["until"]))))

    def _kill(self, worker: Child, word: Word) -> None:
        if word.event != "withheld":
            raise StoryFailed(f"the server was to withhold its reply to mail {FATAL_NUMBER}: {word.said}")
        status = self._family.kill(worker)
        self._voice.say(f"The server accepts mail {word.said['number']} and does not say so.", "yellow")
        self._voice.say(f"At this very moment the worker is killed with SIGKILL (exit status {status}).", "bold red")

    def _close(self, done: dict[str, Any]) -> None:
        self._voice.act("4. The shop closes, the campaign waits")
        at, next_at = datetime.fromisoformat(done["at"]), datetime.fromisoformat(done["next_at"] or "")
        has_moved_back = self._moves[-1] == ("sending", "scheduled")
        if not has_moved_back or (done["status"], at, next_at) != ("scheduled", AFTER_CLOSING, MONDAY):
            raise StoryFailed(f"Friday ended otherwise than it should: {done}, {self._moves}")
        self.friday_count = self._sent_count + self._doubt_count
        left = self._recipient_count - self.friday_count
        self._voice.at(CLOSING, f"The campaign goes from sending back to scheduled; {left:,} people are left.")
        self._voice.at(AFTER_CLOSING, "run(until=21:01) returns, and the second worker goes home.")
        self._voice.say(f"It goes on by itself on {local(next_at)}. On Sunday the clocks change; nine stays nine.")
