"""`WhatsAppSender`: sends one message for a script, through the same approvals and claims as the outbox."""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import Any

from ..clock import SECOND, local_iso
from ..digest import digest_of
from ..errors import Decision, IllegalMove, InFlight, NotFound, StaleVersion
from ..gateway import Gateway, Refused
from ..gateway.rest import Rest
from ..lifecycle import Delivery, MessageStatus
from ..model import check_text, content_of
from ..pipeline.outbox import LEASE, Outbox
from ..processes import is_elsewhere, is_gone, this_process, user_name
from ..state import StateManager
from ..statefile.document import NEWEST, render
from ..store.rows import Row
from . import terminal

GLANCE = 0.05
"""Seconds between two looks at what somebody else may decide or do."""


class WhatsAppSender:
    """Sends messages for scripts, each approval at most once.

    Args:
        state_file: the state file that names the settings and keeps the state.
        gateway: the way to WhatsApp; the backend that the setting ``api_endpoint`` names when not given.
    """

    def __init__(
        self, state_file: str | os.PathLike[str] = "whatsapp_state.json", *, gateway: Gateway | None = None
    ) -> None:
        self.state_file = state_file
        self.manager = StateManager(state_file, by="whatsapp_sender")
        self.gateway: Gateway = gateway or Rest(self.manager.get_config("api_endpoint"))
        self._store = self.manager.store
        self._account = self.manager.account
        self._by = "whatsapp_sender"
        self._outbox = Outbox(self.manager, self.gateway, by=self._by)

    @property
    def state(self) -> dict[str, Any]:
        """What the state file shows, as a copy."""
        text = self._store.view(self._account, lambda view: "".join(render(view, NEWEST)))
        shown: dict[str, Any] = json.loads(text)
        return shown

    @property
    def api_endpoint(self) -> str:
        """Where the backend answers."""
        endpoint: str = self.manager.get_config("api_endpoint")
        return endpoint

    def send_message(self, recipient: str, message: str) -> bool:
        """Send a message; True only if the backend took it.

        A message that a script has added with the same recipient and text is that message, and is sent once. With
        human_in_the_loop on this waits for a decision, at the terminal or from anywhere else, for up to
        ``approval_config.wait_seconds``; undecided it stays PENDING_APPROVAL.
        """
        digest = digest_of(check_text(recipient, "the recipient"), check_text(message, "the message"))
        row = self._reserved_row(digest) or self._own_row(recipient, message)
        sent, error = False, None
        try:
            sent, error = self._send(row)
        except (Decision, NotFound) as refusal:
            error = str(refusal)
        finally:
            row = self.manager.get_message(row.id)
            used = sent or row.status == MessageStatus.REJECTED.value
            self._store.end_reservation(row.seq, this_process(), used=used, by=self._by)
        self._log(recipient, message, row, sent, error)
        return sent

    def get_message_history(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The log of sent messages, oldest first: timestamp, recipient, message, status, message_id, error."""
        return self._store.records(self._account, "message_log", limit)

    def get_account_info(self) -> dict[str, Any]:
        """``number``, ``name`` and ``platform`` of the linked account; empty when the backend does not answer."""
        account = self.gateway.account()
        if account is None:
            return {}
        return {"number": account.number, "name": account.name, "platform": account.platform}

    def set_human_in_the_loop(self, enabled: bool) -> None:
        """Say whether a person decides about every message before it leaves."""
        self.manager.set_config("human_in_the_loop", enabled)

    def close(self) -> None:
        """Let go of the state and the backend."""
        self.gateway.close()
        self.manager.close()

    def _reserved_row(self, digest: str) -> Row | None:
        """The oldest message that a script added for this call and no other call has; None when there is none.

        One that a process of another machine has reserved is shared with it: whether that has ended cannot be told,
        and whoever is first sends it.
        """
        for seq, process in self._store.script_rows(self._account, digest):
            free = process is None or is_gone(process) or is_elsewhere(process)
            if free and self._store.reserve(seq, this_process(), process, by=self._by):
                return self._store.by_seq(seq)
        return None

    def _own_row(self, recipient: str, message: str) -> Row:
        data = {
            "id": f"send_{uuid.uuid4().hex}",
            "recipient": recipient,
            "body": message,
            "timestamp": local_iso(self.manager.clock()),
        }
        content = content_of(data)
        self._store.add(self._account, content, MessageStatus.PENDING_APPROVAL, by=self._by, origin="sender")
        row = self.manager.get_message(content.id)
        self._store.reserve(row.seq, this_process(), None, by=self._by)
        return row

    def _send(self, row: Row) -> tuple[bool, str | None]:
        """Send the message when it may leave; whether it did, and else why not."""
        deadline = self.manager.clock() + int(self.manager.get_config("approval_config")["wait_seconds"] * SECOND)
        refusal: str | None = None
        while True:
            row = self.manager.get_message(row.id)
            if row.delivery == Delivery.OPEN:
                self._wait_for_outcome(row)
            elif (known := _known_outcome(row, refusal)) is not None:
                return known
            elif self._is_approved(row):
                refusal = self._deliver(row)
            elif not self._get_decision(row, deadline):
                return False, "nobody decided in time: it waits for approval"

    def _deliver(self, row: Row) -> str | None:
        """Make one attempt, when it is time for it; why it was refused, if it was.

        Where somebody else is faster there is none: that one's outcome is ours.
        """
        while row.due is not None and self.manager.clock() < row.due:
            time.sleep(GLANCE)
        claim = self._store.claim_row(row, lease=LEASE, by=self._by)
        outcome = self._outbox.deliver(claim) if claim is not None else None
        return outcome.reason if isinstance(outcome, Refused) else None

    def _wait_for_outcome(self, row: Row) -> None:
        """Wait while an attempt is open; one whose sender is gone is looked up."""
        while row.delivery == Delivery.OPEN:
            time.sleep(GLANCE)
            self._outbox.recover()
            row = self.manager.get_message(row.id)

    def _is_approved(self, row: Row) -> bool:
        """Whether the present version may leave. Where nobody is to be asked the script's word is the approval."""
        if row.approved_version == row.draft_version:
            return True
        moved_by_script = row.status == MessageStatus.APPROVED.value
        if self.manager.get_config("human_in_the_loop") and not moved_by_script:
            return False
        self._store.approve_beside(row, by=self._by, kind="script")
        return True

    def _get_decision(self, row: Row, deadline: int) -> bool:
        """Have a person decide, at the terminal or from elsewhere; False when nobody did in time."""
        if terminal.has_terminal():
            return self._ask(row)
        while self.manager.clock() < deadline:
            if _standing(self.manager.get_message(row.id)) != _standing(row):
                return True
            time.sleep(GLANCE)
        return False

    def _ask(self, row: Row) -> bool:
        answer = terminal.ask(row.chat or "", row.text)
        if answer is None:
            return False
        try:
            self._decide(row, answer)
        except (InFlight, StaleVersion) as told:  # somebody else was faster: what they decided holds
            terminal.tell(str(told))
        return True

    def _decide(self, row: Row, answer: terminal.Answer) -> None:
        person, shown = user_name(), row.message_status
        if not answer.approved:
            self.manager.reject(row.id, "at the terminal", row.draft_version, by=person, seen=shown)
            return
        if answer.text is not None:
            row = self.manager.edit(row.id, answer.text, row.draft_version, by=person, seen=shown)
        self._store.approve_beside(row, by=person, kind="person")

    def _log(self, recipient: str, message: str, row: Row, sent: bool, error: str | None) -> None:
        rejected = row.status == MessageStatus.REJECTED.value
        attempts = self._store.attempts(row.seq)
        entry = {
            "timestamp": local_iso(self.manager.clock()),
            "recipient": recipient,
            "message": message,
            "status": "success" if sent else "rejected" if rejected else "failed",
            "message_id": attempts[-1].gateway_id if attempts else None,
            "error": error,
        }
        self._store.add_record(self._account, "message_log", entry, by=self._by)
        self.manager.refresh()


def _known_outcome(row: Row, refusal: str | None) -> tuple[bool, str | None] | None:
    """What has become of a message: whether it was sent, and else why not; None when that is still open.

    Args:
        refusal: why the attempt of this call was refused, if it was. An earlier call's refusal settles nothing.
    """
    if row.status == MessageStatus.SENT.value or row.delivery == Delivery.ACCEPTED:
        return True, None
    if row.delivery == Delivery.UNKNOWN:
        return False, "nobody knows whether it arrived; it is not sent again by itself"
    if row.status == MessageStatus.REJECTED.value:
        return False, f"rejected by {row.changed_by}"
    if row.delivery == Delivery.REFUSED and refusal is not None:
        return False, f"refused: {refusal}"
    if row.status == MessageStatus.INCOMING.value:
        raise IllegalMove(f"message {row.id!r} is an incoming one: it cannot be sent")
    return None


def _standing(row: Row) -> tuple[object, ...]:
    return row.status, row.draft_version, row.delivery, row.approved_version
