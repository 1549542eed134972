"""Drafts: asks the assistant about every message that wants an answer. It only ever drafts."""

from __future__ import annotations

import logging

from ..assistant import Assistant, Draft
from ..clock import MINUTE, SECOND
from ..errors import AssistantError, InvalidMessage
from ..model import check_text
from ..state import StateManager
from ..store.decisions import NewDraft
from ..store.rows import Row

log = logging.getLogger(__name__)

LEASE = 5 * MINUTE
TRIES = 5
CONTEXT = 20
"""How many messages of the conversation an assistant is shown."""


class Drafts:
    """Lets an assistant draft answers for the messages that a gateway brought."""

    def __init__(self, state: StateManager, assistant: Assistant, name: str = "assistant") -> None:
        self._state = state
        self._store = state.store
        self._assistant = assistant
        self._name = name

    def round(self) -> int:
        """Draft for up to ``max_messages_per_poll`` messages; how many were looked at."""
        limit = self._state.get_config("watcher_config")["max_messages_per_poll"]
        for done in range(limit):
            row = self._store.claim_draft(self._state.account, lease=LEASE, by=self._name)
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
        answered = row.message
        new = NewDraft(
            answers=row.seq,
            tries=row.draft_tries,
            recipient=row.chat or "",
            text=draft.text,
            author=draft.author,
            note=draft.note,
            fields={"original_message_id": row.id, "fromName": answered.get("fromName")},
        )
        if self._store.add_draft(self._state.account, new) is not None:
            log.info("message %s has a draft by %s", row.id, draft.author)

    def _ask(self, row: Row) -> Draft | None:
        message = row.message
        conversation = self._state.conversation(row.chat or "", CONTEXT) if row.chat else []
        past = [entry for entry in conversation if entry.get("id") != row.id]
        answer = self._assistant(message, [*past, message])
        draft = Draft(answer, author=self._name) if isinstance(answer, str) else answer
        if draft is None or not draft.text.strip():
            return None
        try:
            check_text(draft.text, "the draft")
        except InvalidMessage as error:
            raise AssistantError(f"the draft cannot be stored: {error}") from error
        return draft

    def _failed(self, row: Row, error: Exception) -> None:
        why = f"{type(error).__name__}: {error}" if isinstance(error, AssistantError) else type(error).__name__
        log.warning("the assistant failed at message %s (try %d of %d): %s", row.id, row.draft_tries, TRIES, why)
        if row.draft_tries >= TRIES:
            self._store.postpone_draft(
                row, None, by=self._name, why=f"given up after {TRIES} tries ({why}): for a person"
            )
        else:
            due = self._state.clock() + SECOND * 2**row.draft_tries
            self._store.postpone_draft(row, due, by=self._name, why=why)
