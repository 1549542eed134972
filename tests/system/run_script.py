"""A script as the guide has it, and one that meddles: adds, moves, sends and clears for ever, until it is killed."""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path
from typing import Any

from signoff import MessageStatus, StateManager
from signoff.classic import WhatsAppSender
from signoff.errors import Decision, NotFound

from .run_service import STATE_FILE, open_world

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


class Script:
    """Does one thing after another by chance."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.manager = StateManager(folder / STATE_FILE, by="script")
        self.sender = WhatsAppSender(folder / STATE_FILE, gateway=open_world(folder))
        self.names = (f"script-{seed}-{number}" for number in itertools.count())
        self.steps = [self.lifecycle, self.bookkeeping, self.meddle, self.send, self.send_as_the_guide_does, self.clear]
        self.weights = [5, 3, 4, 3, 3, 0.3]

    def message(self) -> dict[str, Any]:
        name = next(self.names)
        return {"id": name, "recipient": f"1555010020{self.chance.randrange(4)}@c.us", "body": f"Text of {name}"}

    def lifecycle(self) -> None:
        name = next(self.names)
        self.manager.add_message({"id": name, "from": "15550100150@c.us", "body": "Hello!"}, INCOMING)
        for source, target in itertools.pairwise([INCOMING, PENDING, APPROVED, SENT]):
            self.manager.move_message(name, source, target)
        self.manager.get_statistics()

    def bookkeeping(self) -> None:
        message = self.message()
        self.manager.add_message(message, self.chance.choice([PENDING, APPROVED]))
        self.manager.move_message(message["id"], PENDING, APPROVED)

    def meddle(self) -> None:
        source, target = self.chance.choices(list(MessageStatus), k=2)
        messages = self.manager.get_messages(source, limit=20)
        if messages:
            self.manager.move_message(self.chance.choice(messages)["id"], source, target)

    def send(self) -> None:
        message = self.message()
        self.sender.send_message(message["recipient"], message["body"])

    def send_as_the_guide_does(self) -> None:
        message = self.message()
        self.manager.add_message(message, PENDING)
        sent = self.sender.send_message(message["recipient"], message["body"])
        self.manager.move_message(message["id"], PENDING, SENT if sent else FAILED)

    def clear(self) -> None:
        self.manager.clear_messages(self.chance.choice(list(MessageStatus)))

    def run(self) -> None:
        while True:
            try:
                self.chance.choices(self.steps, self.weights)[0]()
            except (Decision, NotFound):
                continue


if __name__ == "__main__":
    script = Script(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write("up\n")
    sys.stdout.flush()
    script.run()
