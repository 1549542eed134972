"""Threads that write without end, and know what was acknowledged to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from itertools import count
from time import monotonic

from signoff.lifecycle import MessageStatus
from signoff.model import Content
from signoff.store import Store


def content(message_id: str) -> Content:
    """A small message."""
    return Content(message_id, json.dumps({"id": message_id, "body": "Hello"}), None, None)


def add(store: Store, account: int, message_id: str) -> None:
    """Add a message, which must be new."""
    assert store.add(account, content(message_id), MessageStatus.INCOMING, by="load"), f"{message_id} was known"


class Load:
    """Some threads that add a message and move it on, until they are stopped.

    Attributes:
        acknowledged: the ids of the messages whose every change was acknowledged.
        faults: what a thread ended with, if not by `stop`.
        longest: seconds that the slowest change took.
    """

    def __init__(self, store: Store, account: int, prefix: str, threads: int) -> None:
        self.acknowledged: list[str] = []
        self.faults: list[BaseException] = []
        self.longest = 0.0
        self._store, self._account, self._prefix = store, account, prefix
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def identities(self) -> list[int]:
        """The numbers of the threads that live."""
        return [thread.ident for thread in self._threads if thread.ident is not None and thread.is_alive()]

    def stop(self, patience: float = 20.0) -> None:
        """Stop all threads; one that hangs is a fault."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(patience)
            if thread.is_alive():
                self.faults.append(TimeoutError(f"{thread.name} hangs"))

    def wait_for_faults(self, number: int) -> None:
        """Wait until this many threads have ended with a fault."""
        for thread in self._threads[:number]:
            thread.join(60)

    def _run(self, number: int) -> None:
        try:
            for step in count():
                if self._stopped.is_set():
                    return
                message_id = f"{self._prefix}-{number}-{step}"
                begun = monotonic()
                add(self._store, self._account, message_id)
                added = monotonic()
                incoming, sent = MessageStatus.INCOMING, MessageStatus.SENT
                assert self._store.move(self._account, message_id, incoming, sent, by="load"), f"{message_id} stayed"
                self.acknowledged.append(message_id)
                self.longest = max(self.longest, added - begun, monotonic() - added)
        except BaseException as fault:
            self.faults.append(fault)


def missing(store: Store, account: int, expected: Iterable[str], status: MessageStatus) -> list[str]:
    """Those of the expected messages that are not in a list."""
    found = {message["id"] for message in store.newest(account, status, None)}
    return [message_id for message_id in expected if message_id not in found]
