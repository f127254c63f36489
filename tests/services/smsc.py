"""A real SMSC for SMPP, from the package smpp34: started, asked and stopped by tests, in a thread of its own."""

import asyncio
import threading
from typing import Self

import attrs
import smpp34

from tests.services.kannel import free_ports


@attrs.define
class Smsc:
    """Takes every part, counts it, and reports it delivered right away."""

    port: int = attrs.field(factory=lambda: free_ports(1)[0])
    reports: bool = True
    submits: list[smpp34.SubmitSmEvent] = attrs.field(factory=list)
    _loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.new_event_loop)
    _thread: threading.Thread = attrs.field(init=False)
    _is_up: threading.Event = attrs.field(factory=threading.Event)
    _serving: "asyncio.Task[None] | None" = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._is_up.wait(10):
            raise RuntimeError("the SMSC did not start")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._serving is not None
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._serving = self._loop.create_task(self._serve())
        try:
            self._loop.run_until_complete(self._serving)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="smsc")
        await server.start()
        self._is_up.set()
        sessions: dict[str, smpp34.Esme] = {}
        reports: set[asyncio.Task[object]] = set()
        try:
            while True:
                event = await server.next()
                if isinstance(event, smpp34.Esme):
                    sessions[event.session_id] = event
                elif isinstance(event, smpp34.SubmitSmEvent):
                    self.submits.append(event)
                    provider_id = f"{len(self.submits):08x}"
                    event.accept(provider_id)
                    if self.reports:
                        task = asyncio.ensure_future(_report(sessions[event.session_id], event, provider_id))
                        reports.add(task)
                        task.add_done_callback(reports.discard)
        finally:
            await server.stop()


async def _report(session: smpp34.Esme, event: smpp34.SubmitSmEvent, provider_id: str) -> object:
    return await session.deliver_sm(
        source_addr=event.destination_addr,
        destination_addr=event.source_addr,
        esm_class=0x04,
        short_message=f"id:{provider_id} sub:001 dlvrd:001 stat:DELIVRD err:000".encode(),
    )
