"""Approval: lets rules decide where a person set some, leaves the rest to people, and expires what nobody decided."""

from __future__ import annotations

import logging

from ..clock import HOUR, SECOND, elapsed
from ..errors import Decision
from ..lifecycle import MessageStatus
from ..state import StateManager
from ..store.rows import Row
from .rules import matching_rule

log = logging.getLogger(__name__)

UNATTENDED = "human_in_the_loop off"
"""The rule under which a message leaves without a person because human_in_the_loop is off."""


class Approval:
    """Applies the rules that people set to drafts. What is in doubt goes to a person.

    Args:
        unattended_by_default: let drafts through also where human_in_the_loop is off only because nobody ever chose.
    """

    def __init__(self, state: StateManager, *, unattended_by_default: bool = False) -> None:
        self._state = state
        self._unattended_by_default = unattended_by_default
        self._store = state.store

    def round(self) -> int:
        """Look at every draft that the rules have not seen; how many were decided."""
        fresh = self._store.undecided(self._state.account, asked=False)
        decided = sum(self._decide(row) for row, _ in fresh) if fresh else 0
        decided += self._expire()
        if decided or fresh:
            self._state.refresh()
        return decided

    def _decide(self, row: Row) -> bool:
        rule, why = self._rule(row)
        if rule is None:
            self._store.set_asked(row, why=why)
            return False
        try:
            approve_by_rule(self._state, row, rule, why)
        except Decision as error:
            log.info("rule %s did not approve %s: %s", rule, row.id, error)
            return False
        return True

    def _rule(self, row: Row) -> tuple[str | None, str]:
        if row.stale is None and row.changed_what != "added":  # edited, taken back …: somebody has it in hand
            return None, f"{row.changed_what} by {row.changed_by}: for a person"
        if row.stale is None and (why := why_unattended(self._state, by_default=self._unattended_by_default)):
            return UNATTENDED, why
        return matching_rule(self._state.get_config("approval_config")["rules"], row, self._state.clock())

    def _expire(self) -> int:
        hours = self._state.get_config("approval_config")["expire_hours"]
        if not hours:
            return 0
        now, expired = self._state.clock(), 0
        for row, since in self._store.undecided(self._state.account, asked=True):
            if elapsed(since, now) < hours * HOUR:
                break
            try:
                self._store.expire(self._state.account, row.id, row.draft_version)
                expired += 1
            except Decision as error:
                log.info("draft %s did not expire: %s", row.id, error)
        return expired


def why_unattended(state: StateManager, *, by_default: bool = False) -> str | None:
    """Why messages leave without a person, human_in_the_loop being off; None where a person is asked.

    Args:
        by_default: let off count also where nobody ever chose it.
    """
    author = state.config_author("human_in_the_loop")
    if state.get_config("human_in_the_loop") is not False or (author is None and not by_default):
        return None
    return f"human_in_the_loop was set off by {author}"


def approve_by_rule(state: StateManager, row: Row, rule: str, why: str) -> Row:
    """Approve the present version of a message that waits, by a rule.

    Raises:
        Decision: it cannot be approved, or somebody has decided about it.
    """
    undo = int(state.get_config("approval_config")["undo_seconds"] * SECOND)
    return state.store.approve(
        state.account,
        row.id,
        row.draft_version,
        by=rule,
        kind="rule",
        undo=undo,
        why=why,
        seen=MessageStatus.PENDING_APPROVAL,
    )
