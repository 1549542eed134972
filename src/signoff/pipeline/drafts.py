"""Drafts: asks the assistant about every message that wants an answer. It only ever drafts."""

from __future__ import annotations

import logging
import traceback

from ..assistant import ASKED_AGAIN, Assistant, Decline, Draft
from ..clock import MINUTE, SECOND
from ..errors import AssistantError, InvalidMessage
from ..model import JsonObject, to_json
from ..state import StateManager
from ..store.decisions import NewDraft
from ..store.rows import Row
from .asked import asked_again
from .calls import Caller, NoAnswerError

log = logging.getLogger(__name__)

LEASE = 5 * MINUTE
PATIENCE = 120.0
TRIES = 5
CONTEXT = 20
"""How many messages of the conversation an assistant is shown."""


class Drafts:
    """Lets an assistant draft answers for the messages that a gateway brought.

    Args:
        name: what drafts are signed with that do not say who wrote them.
        lease: how long a message is left to the process that drafts for it, in microseconds.
        patience: how long an assistant may think about one message, in seconds; less than ``lease``.
    """

    def __init__(
        self,
        state: StateManager,
        assistant: Assistant,
        name: str = "assistant",
        *,
        lease: int = LEASE,
        patience: float = PATIENCE,
    ) -> None:
        self._state = state
        self._store = state.store
        self._assistant: Caller[object] = Caller(assistant, patience)
        self._name = name
        self._lease = lease

    def round(self) -> int:
        """Draft for up to ``max_messages_per_poll`` messages; how many were looked at."""
        limit = self._state.get_config("watcher_config")["max_messages_per_poll"]
        for done in range(limit):
            row = self._store.claim_draft(self._state.account, lease=self._lease, by=self._name)
            if row is None:
                return done
            self._draft(row)
            self._state.refresh()
        return int(limit)

    def _draft(self, row: Row) -> None:
        try:
            draft = self._ask(row)
        except Exception as error:  # an assistant is the user's own code: whatever it raises is its failure
            self._failed(row, error)
            return
        if draft is None:
            self._store.postpone_draft(row, None, by=self._name, why="nothing to say: for a person")
            return
        if isinstance(draft, Decline):
            self._store.postpone_draft(row, None, by=draft.author, why=f"declined: {draft.why}")
            log.info("message %s is for a person: %s declined", row.id, draft.author)
            return
        new = NewDraft(
            answers=row.seq,
            tries=row.draft_tries,
            recipient=row.chat or "",
            text=draft.text,
            author=draft.author,
            note=draft.note,
            fields={"original_message_id": row.id, "fromName": row.message.get("fromName")},
        )
        if self._store.add_draft(self._state.account, new) is not None:
            log.info("message %s has a draft by %s", row.id, draft.author)

    def _ask(self, row: Row) -> Draft | Decline | None:
        message = self._message(row)
        conversation = self._state.conversation(row.chat or "", CONTEXT) if row.chat else []
        past = [entry for entry in conversation if entry.get("id") != row.id]
        answer = self._assistant(message, [*past, message])
        if isinstance(answer, Decline):
            _check_parts("reason", {"why": answer.why, "author": answer.author})
            return answer
        return draft_of(answer, self._name)

    def _message(self, row: Row) -> JsonObject:
        """The message as the assistant is shown it. Only a person can have asked again: no gateway says so for them."""
        message = {name: value for name, value in row.message.items() if name != ASKED_AGAIN}
        draft = self._store.answer_to(row.seq)
        asked = asked_again(self._store, self._state.account, row) if draft is not None else None
        if draft is None or asked is None or asked.answered:
            return message
        return {**message, ASKED_AGAIN: {"reason": asked.reason, "draft": draft.text}}

    def _failed(self, row: Row, error: Exception) -> None:
        why = described(error)
        log.warning("the assistant failed at message %s (try %d of %d): %s", row.id, row.draft_tries, TRIES, why)
        if row.draft_tries >= TRIES:
            self._store.postpone_draft(
                row, None, by=self._name, why=f"given up after {TRIES} tries ({why}): for a person"
            )
        else:
            due = self._state.clock() + SECOND * 2**row.draft_tries
            self._store.postpone_draft(row, due, by=self._name, why=why)


def draft_of(answer: object, name: str) -> Draft | None:
    """The draft that an assistant's answer is, or None when it has nothing to say or declines.

    Raises:
        AssistantError: it is no answer, or cannot be stored.
    """
    draft = Draft(answer, author=name) if isinstance(answer, str) else answer
    if draft is None or isinstance(draft, Decline):
        return None
    if not isinstance(draft, Draft):
        raise AssistantError(f"it returned {type(draft).__name__}; an answer is a Draft, a Decline, a text or None")
    _check_parts("draft", {"text": draft.text, "author": draft.author, "note": draft.note or ""})
    return draft if draft.text.strip() else None


def _check_parts(what: str, parts: JsonObject) -> None:
    for part, value in parts.items():
        if not isinstance(value, str):
            raise AssistantError(f"the {part} of its {what} is {type(value).__name__}, not a text")
    try:
        to_json(parts, f"the {what}")
    except InvalidMessage as error:
        raise AssistantError(f"its {what} cannot be stored: {error}") from error


def described(error: Exception) -> str:
    """What failed and where, without what it said: that may quote the message."""
    if isinstance(error, (AssistantError, NoAnswerError)):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name} ({frames[-1].filename}:{frames[-1].lineno})"
