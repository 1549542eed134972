"""The methods of deciding: what becomes of a draft, and of a message of which nobody knows whether it arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import lifecycle
from ..clock import SECOND
from ..errors import InvalidMessage
from ..lifecycle import MessageStatus
from ..model import check_id, check_status, check_text, check_version, content_of
from .messages import MessageMethods
from .settings import SettingMethods

if TYPE_CHECKING:
    from ..store.rows import Row


class DecisionMethods(MessageMethods, SettingMethods):
    """Decisions about drafts and about unconfirmed messages; they read messages, and the settings of approval."""

    def approve(
        self,
        message_id: str,
        version: int | None = None,
        *,
        by: str | None = None,
        despite: str | None = None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Approve a message: exactly its present text to exactly its chat. It is sent by `signoff run`.

        Args:
            version: the version that was shown; None for the present one.
            by: who decided; the manager's ``by`` when not given.
            despite: what makes the draft out of date, when it is to be approved all the same.
            seen: the status that was shown: if somebody decided since, you are told who, and nothing is done; None for
                whatever it is now.

        Raises:
            Decision: it cannot be approved; `StaleVersion`, `InFlight`, `NotSendable`, `IllegalMove` say why.
        """
        undo = int(self.get_config("approval_config")["undo_seconds"] * SECOND)
        return self._decided(
            self.store.approve(
                self.account,
                check_id(message_id),
                check_version(version),
                by=self._who(by),
                despite=None if despite is None else check_text(despite, "what makes it out of date"),
                undo=undo,
                seen=_status(seen),
            )
        )

    def reject(
        self,
        message_id: str,
        reason: str | None = None,
        version: int | None = None,
        *,
        by: str | None = None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Reject a message; one that is approved and not sent yet is taken back first.

        Args:
            version: the version that was shown, as in `approve`; ``seen`` too.

        Raises:
            Decision: it cannot be rejected.
        """
        why = None if reason is None else check_text(reason, "the reason")
        return self._decided(
            self.store.reject(
                self.account,
                check_id(message_id),
                check_version(version),
                by=self._who(by),
                reason=why,
                seen=_status(seen),
            )
        )

    def edit(
        self,
        message_id: str,
        text: str,
        version: int | None = None,
        *,
        by: str | None = None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Change the text of a message: a new version, which wants an approval of its own.

        Args:
            version: the version that was shown, as in `approve`; ``seen`` too.

        Raises:
            InvalidMessage: the text is empty or cannot be stored.
            Decision: it cannot be edited.
        """
        if not check_text(text, "the text").strip():
            raise InvalidMessage("the text is empty: reject the message instead")
        content_of({**self.get_message(message_id).message, "body": text})
        return self._decided(
            self.store.edit(
                self.account, check_id(message_id), text, check_version(version), by=self._who(by), seen=_status(seen)
            )
        )

    def ask_again(
        self,
        message_id: str,
        reason: str | None = None,
        version: int | None = None,
        *,
        by: str | None = None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Ask the assistant for another draft; this one stays until it is there.

        Args:
            version: the version that was shown, as in `approve`; ``seen`` too.

        Raises:
            Decision: it is no open draft of an assistant.
        """
        why = None if reason is None else check_text(reason, "the reason")
        return self._decided(
            self.store.ask_again(
                self.account,
                check_id(message_id),
                check_version(version),
                by=self._who(by),
                why=why,
                seen=_status(seen),
            )
        )

    def take_back(self, message_id: str, *, by: str | None = None) -> Row:
        """Take an approval back before it is sent.

        Raises:
            Decision: it is not approved, or it is out already.
        """
        return self._decided(self.store.take_back(self.account, check_id(message_id), by=self._who(by)))

    def reopen(self, message_id: str, *, by: str | None = None) -> Row:
        """Put a rejected message before people again.

        Raises:
            IllegalMove: it is not rejected.
        """
        return self._decided(self.store.reopen(self.account, check_id(message_id), by=self._who(by)))

    def confirm_sent(self, message_id: str, *, by: str | None = None) -> Row:
        """Say that an unconfirmed message did arrive: it becomes SENT.

        Raises:
            IllegalMove: it is not unconfirmed.
        """
        return self._unconfirmed(message_id, self.store.confirm_sent, by)

    def send_again(self, message_id: str, *, by: str | None = None) -> Row:
        """Say that an unconfirmed message shall be sent again: a new approval of the same text.

        Raises:
            IllegalMove: it is not unconfirmed.
        """
        return self._unconfirmed(message_id, self.store.send_again, by)

    def give_up(self, message_id: str, *, by: str | None = None) -> Row:
        """Say that an unconfirmed message shall not be sent again: it stays FAILED.

        Raises:
            IllegalMove: it is not unconfirmed.
        """
        return self._unconfirmed(message_id, self.store.give_up, by)

    def _unconfirmed(self, message_id: str, decide: Callable[..., None], by: str | None) -> Row:
        row = self.get_message(message_id)
        lifecycle.check_unconfirmed(row)
        decide(row, by=self._who(by))
        return self._decided(self.get_message(message_id))

    def _who(self, by: str | None) -> str:
        return check_text(by, "who decides") if by else self.by

    def _decided(self, row: Row) -> Row:
        self._changed()
        return row


def _status(seen: MessageStatus | None) -> MessageStatus | None:
    return None if seen is None else check_status(seen)
