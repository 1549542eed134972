"""What stands behind our own gateways: a simulated WhatsApp, and in front of it, for `Rest`, the guide's backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signoff.gateway import Gateway
from signoff.gateway.rest import Rest
from signoff.gateway.simulator import Simulator
from signoff.testing import OtherSide

HANGS = 30.0


class _World(OtherSide):
    """What both have in common: contacts and deliveries are those of a simulated world."""

    longest_call = 10.0

    def __init__(self, world: Simulator) -> None:
        self.world = world

    def contact_writes(self, chat: str, text: str) -> str:
        return self.world.contact_writes(chat, text)

    def delivered(self) -> Sequence[tuple[str, str]]:
        return [(delivery.chat, delivery.text) for delivery in self.world.deliveries()]

    def contact_is_doubled(self, message_id: str) -> None:
        self.world.contact_writes(self.chat, "Hello?", id=message_id)

    def loses_next_answer(self) -> None:
        self.world.fail_next("lose-answer")

    def loses_next_message(self) -> None:
        self.world.fail_next("lost")

    def hangs_next(self) -> None:
        self.world.fail_next("hang")


class SimulatedSide(_World):
    """The other side of the simulator: a world in a folder, which each gateway opens anew."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Simulator(folder))
        self._folder = folder

    def open(self) -> Gateway:
        return Simulator(self._folder, hang_limit=0.2)

    def phone_writes(self, chat: str, text: str) -> str:
        return self.world.phone_writes(chat, text)

    def gives_receipt(self, message_id: str, ack: str) -> None:
        self.world.give_receipt(ack, id=message_id)

    def refuses_next(self) -> None:
        self.world.fail_next("refuse")

    def session_becomes(self, state: str) -> None:
        self.world.change_session(state)


class BackendSide(_World):
    """The other side of `Rest`: the guide's backend, at an address with a password in it."""

    secret = "sesame-4711"

    def __init__(self, world: Simulator, endpoint: str) -> None:
        super().__init__(world)
        self._endpoint = endpoint.replace("://", f"://desk:{self.secret}@")

    def open(self) -> Gateway:
        return Rest(self._endpoint, timeout=3.0, poll_seconds=0.02)

    def refuses_next(self) -> None:
        self.chat = "90000000000113@lid"

    def session_becomes(self, state: str) -> None:
        if state == "logged_out":  # the backend has no word for it: it asks for a scan
            super().session_becomes(state)
        self.world.change_session(state)
