"""One decision about one message, from the shell: done, or refused with one sentence and an exit code that means it."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from signoff.lifecycle import MessageStatus

from ..store.scenes import Scene
from .conftest import Signoff
from .test_inbox import editor


class TestApprove:
    def test_approves_the_version_that_was_seen(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        result = signoff("approve", row.id, "--version", "1", "--by", "Maria")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "reply_m1, to 15550100101@c.us: approved version 1.\n"
        assert desk.row(row.id).approved_by == "Maria"

    def test_is_by_the_user_of_this_machine(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        signoff("approve", row.id)
        assert desk.row(row.id).approved_by == getpass.getuser()

    def test_is_refused_for_another_version(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.edit(desk.draft().id, "Until seven.")
        result = signoff("approve", row.id, "--version", "1")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert "is now at version 2, not 1" in result.stderr
        assert desk.row(row.id).approved_by is None

    def test_is_refused_when_out_of_date_unless_told_despite_what(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        desk.receive("m2")
        assert signoff("approve", row.id).returncode == 1
        assert signoff("approve", row.id, "--despite", "newer message m2").returncode == 0
        assert desk.row(row.id).status == "approved"

    def test_says_when_nothing_is_sent_at_present(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        desk.store.change_settings(desk.account, lambda _: {"outbox_hold": "the database is an older copy"}, by="file")
        assert "Nothing is sent at present: the database is an older copy" in signoff("approve", row.id).stdout


class TestTheOthers:
    def test_reject_keeps_the_reason(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        assert signoff("reject", row.id, "--reason", "I [call] him").returncode == 0
        assert desk.row(row.id).changed_why == "I [call] him"

    def test_edit_makes_a_version_that_waits(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        result = signoff("edit", row.id, "Until [bold]seven[/bold].")
        assert "is now version 2 and waits for approval" in result.stdout
        assert desk.row(row.id).text == "Until [bold]seven[/bold]."

    def test_edit_in_an_editor(self, desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
        row = desk.draft()
        env = editor(tmp_path, "path.write_text('From the editor.\\n')")
        assert signoff("edit", row.id, "--editor", env=env).returncode == 0
        assert desk.row(row.id).text == "From the editor."
        assert "left as it is" in signoff("edit", row.id, "--editor", env=env).stdout
        assert desk.row(row.id).draft_version == 2

    def test_edit_wants_a_text_or_an_editor(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        assert signoff("edit", row.id).returncode == 2
        assert signoff("edit", row.id, "x", "--editor").returncode == 2
        assert signoff("edit", row.id, "  ").returncode == 2

    def test_ask_again_take_back_and_reopen(self, desk: Scene, signoff: Signoff) -> None:
        row = desk.draft()
        assert signoff("ask-again", row.id, "--reason", "shorter").returncode == 0
        assert desk.row("m1").draft_due is not None
        desk.approve(row.id)
        assert signoff("take-back", row.id).returncode == 0
        assert desk.row(row.id).status == "pending_approval"
        desk.reject(row.id)
        assert signoff("reopen", row.id).returncode == 0
        assert desk.row(row.id).status == "pending_approval"

    @pytest.mark.parametrize(
        ("command", "status"), [("confirm-sent", "sent"), ("send-again", "approved"), ("give-up", "failed")]
    )
    def test_settle_what_is_unconfirmed_and_nothing_else(
        self, desk: Scene, signoff: Signoff, command: str, status: str
    ) -> None:
        claim = desk.claimed()
        desk.unconfirmed(claim)
        assert signoff(command, claim.id).returncode == 0
        assert desk.row(claim.id).status == status
        again = signoff(command, claim.id)
        assert again.returncode == 1
        assert "not unconfirmed" in again.stderr


class TestOfTwoDeciders:
    COMMANDS = (
        ("approve", "reply_m1"),
        ("reject", "reply_m1"),
        ("edit", "reply_m1", "Until seven."),
        ("ask-again", "reply_m1"),
    )

    @pytest.mark.parametrize("command", COMMANDS, ids=[name for name, *_ in COMMANDS])
    def test_who_names_the_version_that_waited_is_told_who_approved_it_since(
        self, desk: Scene, signoff: Signoff, command: tuple[str, ...]
    ) -> None:
        desk.draft()
        desk.approve("reply_m1")
        result = signoff(*command, "--version", "1")
        assert result.returncode == 1
        assert "approved by maria at " in result.stderr
        assert desk.row("reply_m1").approved_by == "maria"

    @pytest.mark.parametrize("command", COMMANDS[1:], ids=[name for name, *_ in COMMANDS[1:]])
    def test_who_names_none_takes_the_approval_back(
        self, desk: Scene, signoff: Signoff, command: tuple[str, ...]
    ) -> None:
        desk.draft()
        desk.approve("reply_m1")
        assert signoff(*command).returncode == 0
        assert "taken back" in desk.kinds("reply_m1")
        assert desk.claim() is None

    def test_in_an_editor_what_was_opened_is_what_was_seen(self, desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
        desk.draft()
        program = "import subprocess\nsubprocess.run([sys.executable, '-c', pathlib.Path('approve.py').read_text()])\n"
        (tmp_path / "approve.py").write_text(
            "from signoff import StateManager\n"
            "with StateManager('whatsapp_state.json') as state: state.approve('reply_m1', by='maria')\n"
        )
        result = signoff("edit", "reply_m1", "--editor", env=editor(tmp_path, f"{program}path.write_text('Later.')"))
        assert result.returncode == 1
        assert "approved by maria at " in result.stderr
        assert desk.row("reply_m1").text == "Until six."


class TestHistory:
    def test_names_what_who_and_why(self, desk: Scene, signoff: Signoff) -> None:
        desk.reject(desk.draft().id, reason="I call him")
        lines = signoff("history", "reply_m1").stdout.splitlines()
        assert lines[0].endswith("added → pending approval, by faq")
        assert lines[-1].endswith("rejected → rejected, by omar: I call him")
        events = json.loads(signoff("history", "reply_m1", "--json").stdout)
        assert [event["kind"] for event in events] == desk.kinds("reply_m1")

    def test_of_an_unknown_message_is_no(self, desk: Scene, signoff: Signoff) -> None:
        result = signoff("history", "nobody", "--json")
        assert (result.returncode, result.stdout) == (1, "")
        assert "there is no message 'nobody'" in result.stderr
        assert desk.ids(MessageStatus.INCOMING) == []
