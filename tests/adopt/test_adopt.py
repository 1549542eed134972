"""Adopting takes the state over whole, moves the modules aside, and changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.adopt import Adopted, adopt, plan, undo
from signoff.adopt.copies import PREFIX
from signoff.clock import system_clock
from signoff.errors import NotFound, StateFileError, StoreBusy
from signoff.store.filelock import FileLock

from ..conftest import verify
from . import components
from .components import MODULES, OLD, state, write_state
from .tree import tree

S = MessageStatus


def adopted(folder: Path, human: bool = True) -> Adopted:
    return adopt(plan(folder), human, system_clock)


def opened(folder: Path) -> StateManager:
    return StateManager(folder / "whatsapp_state.json")


class TestTheModules:
    def test_are_moved_aside_with_what_was_compiled_of_them_and_nothing_else_is(self, folder: Path) -> None:
        before = tree(folder)
        adopted(folder)
        gone = before.keys() - tree(folder).keys()
        assert gone == {*(f"{module}.py" for module in MODULES), "__pycache__/state_manager.cpython-311.pyc"}
        after = tree(folder)
        assert {name for name in before.keys() & after.keys() if before[name] != after[name]} == {"whatsapp_state.json"}

    def test_are_kept_as_they_were(self, folder: Path) -> None:
        before = tree(folder)
        copies = adopted(folder).copies
        assert copies is not None
        kept = tree(copies / "before")
        assert {name: kept[name] for name in kept if name != "__pycache__"} == {
            name: before[name] for name in kept if name != "__pycache__"
        }
        assert kept.keys() >= {"whatsapp_state.json", "whatsapp_sender.py"}

    def test_a_package_and_a_link_of_that_name_are_moved_as_well(self, folder: Path, tmp_path: Path) -> None:
        (folder / "state_manager.py").unlink()
        (folder / "state_manager").mkdir()
        (folder / "state_manager" / "__init__.py").write_text(OLD)
        (folder / "state_manager" / "parts.py").write_text(OLD)
        (folder / "whatsapp_watcher.py").unlink()
        (tmp_path / "elsewhere.py").write_text(OLD)
        (folder / "whatsapp_watcher.py").symlink_to("../elsewhere.py")
        done = adopted(folder)
        assert done.problems == ()
        assert not (folder / "state_manager").exists()
        assert not (folder / "whatsapp_watcher.py").is_symlink()
        assert (tmp_path / "elsewhere.py").read_text() == OLD

    def test_a_folder_of_that_name_that_is_no_package_stays(self, folder: Path) -> None:
        (folder / "state_manager.py").unlink()
        (folder / "state_manager").mkdir()
        (folder / "state_manager" / "notes.txt").write_text("mine")
        assert adopted(folder).problems == ()
        assert (folder / "state_manager" / "notes.txt").exists()


class TestTheState:
    def test_is_imported_whole(self, folder: Path) -> None:
        adopted(folder)
        with opened(folder) as manager:
            ids = {status: [message["id"] for message in manager.get_messages(status)] for status in MessageStatus}
            (nameless,) = ids.pop(S.FAILED)
            assert ids == {
                S.INCOMING: ["in1", "in2", "in3"],
                S.PENDING_APPROVAL: ["wait"],
                S.APPROVED: ["yes"],
                S.REJECTED: ["no"],
                S.SENT: ["out"],
            }
            assert nameless
            assert manager.get_messages(S.INCOMING)[0] | {"timestamp": 0} == state()["messages"]["incoming"][0] | {
                "timestamp": 0
            }
            for name in ("message_log", "incoming_messages", "pending_replies", "generated_replies"):
                assert manager.get_config(name) == state()[name]
            assert manager.get_statistics()["total_sent"] == 7
            assert manager.get_session_info()["authenticated"] is True
            assert manager.get_config("account_info")["name"] == "Café Lumen ☕"
        verify(folder / "whatsapp_state.db")

    def test_of_every_file_that_a_script_names_is_taken_over(self, folder: Path) -> None:
        (folder / "second.py").write_text(
            "from state_manager import StateManager\n"
            "a = StateManager('second.json')\nb = StateManager(state_file='third.json')\n"
            "c = StateManager('../far.json')"
        )
        write_state(folder, {"messages": {"sent": [{"id": "two", "body": "hi"}]}}, "second.json")
        done = adopted(folder)
        assert [each.file for each in done.plan.states] == ["second.json", "whatsapp_state.json"]
        assert any("../far.json" in note for note in done.plan.notes)
        with StateManager(folder / "second.json") as manager:
            assert [message["id"] for message in manager.get_messages(S.SENT)] == ["two"]
            assert manager.get_config("human_in_the_loop") is True

    def test_is_begun_where_there_is_none(self, folder: Path) -> None:
        (folder / "whatsapp_state.json").unlink()
        assert adopted(folder).problems == ()
        with opened(folder) as manager:
            assert manager.get_config("human_in_the_loop") is True

    def test_that_signoff_keeps_already_is_left_alone(self, folder: Path) -> None:
        with opened(folder) as manager:
            manager.set_config("human_in_the_loop", False)
        done = adopted(folder)
        assert done.plan.kept == ("whatsapp_state.json",)
        with opened(folder) as manager:
            assert manager.get_config("human_in_the_loop") is False

    def test_that_is_a_link_is_refused_and_nothing_is_changed(self, folder: Path, tmp_path: Path) -> None:
        (folder / "whatsapp_state.json").rename(tmp_path / "elsewhere.json")
        (folder / "whatsapp_state.json").symlink_to("../elsewhere.json")
        before = tree(folder)
        with pytest.raises(StateFileError, match="is a link"):
            plan(folder)
        assert tree(folder) == before


class TestABrokenState:
    @pytest.mark.parametrize("end", [b"", b"\x00" * 300, b', {"id": "in2'])
    def test_that_breaks_off_is_read_as_far_as_it_goes(self, folder: Path, end: bytes) -> None:
        text = write_state(folder, state())
        broken = text[: text.index(b'"in2"') - 20] + end
        (folder / "whatsapp_state.json").write_bytes(broken)
        done = adopted(folder)
        (taken,) = done.plan.states
        assert taken.broken is not None
        assert taken.messages == {"incoming": 1}
        assert done.copies is not None
        assert (done.copies / "before" / "whatsapp_state.json").read_bytes() == broken
        with opened(folder) as manager:
            assert [message["id"] for message in manager.get_messages(S.INCOMING)][:1] == ["in1"]
            assert manager.get_session_info()["authenticated"] is True
            assert manager.get_config("human_in_the_loop") is True

    def test_with_the_end_of_a_longer_file_behind_it_is_read_whole(self, folder: Path) -> None:
        text = write_state(folder, state())
        (folder / "whatsapp_state.json").write_bytes(text + text[-200:])
        adopted(folder)
        with opened(folder) as manager:
            assert len(manager.get_messages(S.INCOMING)) == 3
            assert len(manager.get_config("generated_replies")) == 1

    @pytest.mark.parametrize("text", [b"", b"\x00" * 4096, b"[1, 2]", b"dear diary"])
    def test_of_which_nothing_can_be_read_is_kept_and_begun_anew(self, folder: Path, text: bytes) -> None:
        (folder / "whatsapp_state.json").write_bytes(text)
        done = adopted(folder)
        assert done.plan.states[0].lost
        assert done.copies is not None
        assert (done.copies / "before" / "whatsapp_state.json").read_bytes() == text
        with opened(folder) as manager:
            assert manager.get_full_state()["messages"]["incoming"] == []
            assert manager.get_config("human_in_the_loop") is True
        assert sorted(path.name for path in folder.glob("*unreadable*")) == []

    def test_with_values_that_cannot_be_used_is_taken_without_them_and_they_are_named(
        self, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        document = state()
        document["messages"]["sent"].append("no message")
        document["retry_config"]["max_retries"] = "many"
        document["messages"]["incoming"].append({"id": "in1", "body": "another"})
        write_state(folder, document)
        done = adopted(folder)
        told = "\n".join(done.plan.states[0].problems)
        assert "messages.sent[1]" in told
        assert "max_retries" in told
        assert "messages.incoming[4]" in told
        assert [record.message for record in caplog.records] == [], "what is reported is not logged as well"


class TestSignOff:
    @pytest.mark.parametrize("chosen", [True, False])
    def test_is_as_somebody_chose(self, folder: Path, chosen: bool) -> None:
        adopted(folder, chosen)
        with opened(folder) as manager:
            assert manager.get_config("human_in_the_loop") is chosen
            assert manager.config_author("human_in_the_loop") == "signoff adopt"

    def test_that_the_file_has_on_is_not_asked_about_and_stays(self, folder: Path) -> None:
        write_state(folder, state() | {"human_in_the_loop": True})
        assert not plan(folder).asks
        adopted(folder, human=False)
        with opened(folder) as manager:
            assert manager.get_config("human_in_the_loop") is True


class TestTheImports:
    def test_are_tried_without_running_a_script(self, folder: Path) -> None:
        done = adopted(folder)
        assert done.problems == ()
        assert not (folder / "it_ran").exists()
        assert {script.name for script in done.plan.scripts} == components.SCRIPTS.keys() - {"reads.py"}

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("from whatsapp_sender import RETRIES", "cannot import name 'RETRIES'"),
            ("import state_manager.parts", "state_manager.parts"),
            ("from .state_manager import StateManager", "leave the dot out"),
            ("def later():\n    from state_manager import Lock", "cannot import name 'Lock'"),
        ],
    )
    def test_that_do_not_work_are_named_before_and_after(self, folder: Path, statement: str, told: str) -> None:
        (folder / "odd.py").write_text(f"import os\n{statement}\n")
        (before,) = plan(folder).problems
        (after,) = adopted(folder).problems
        assert before == after
        assert before.startswith("odd.py line ")
        assert told in before

    def test_of_what_is_no_python_are_a_note(self, folder: Path) -> None:
        (folder / "ancient.py").write_text("print 'hello'\n")
        done = adopted(folder)
        assert done.problems == ()
        assert any(note.startswith("ancient.py could not be read as Python (line 1") for note in done.plan.notes)

    def test_that_find_another_module_first_are_a_problem(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "path").mkdir()
        (tmp_path / "path" / "state_manager.py").write_text("class StateManager: pass\nclass MessageStatus: pass\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"), prepend=":")
        assert any("PYTHONPATH" in problem for problem in adopted(folder).problems)

    def test_that_would_find_another_signoff_are_a_problem(self, folder: Path) -> None:
        (folder / "signoff.py").write_text("raise RuntimeError('it was run')\n")
        (problem,) = adopted(folder).problems
        assert problem.startswith(f"signoff is taken from {folder / 'signoff.py'}")


class TestTwice:
    def test_changes_nothing(self, folder: Path) -> None:
        adopted(folder)
        before = tree(folder)
        again = adopted(folder)
        assert again.plan.is_nothing
        assert again.copies is None
        assert tree(folder) == before

    def test_takes_what_was_put_there_since(self, folder: Path) -> None:
        adopted(folder)
        (folder / "state_manager.py").write_text("# another\n")
        again = adopted(folder)
        assert again.plan.modules == ("state_manager.py",)
        assert not (folder / "state_manager.py").exists()
        assert len(list(folder.glob(f"{PREFIX}*"))) == 2


def test_a_plan_changes_nothing_and_says_what_would_be(folder: Path) -> None:
    before = tree(folder)
    todo = plan(folder)
    assert tree(folder) == before
    assert todo.states[0].messages == {
        "incoming": 3,
        "pending_approval": 1,
        "approved": 1,
        "rejected": 1,
        "sent": 1,
        "failed": 1,
    }
    assert todo.asks
    assert not todo.is_nothing


def test_a_folder_with_nothing_of_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(NotFound, match="holds none of the components"):
        plan(tmp_path)


def test_where_signoff_itself_is_installed_is_refused() -> None:
    from signoff.adopt.imports import HOME

    with pytest.raises(StateFileError, match="signoff itself is installed"):
        plan(HOME)


def test_one_at_a_time(folder: Path) -> None:
    lock = FileLock(folder / ".signoff_adopt.lock")
    assert lock.acquire(0)
    before = tree(folder)
    todo = plan(folder)
    with pytest.raises(StoreBusy, match="is being adopted by"):
        adopt(todo, True, system_clock)
    lock.close()
    after = tree(folder)
    assert before.items() <= after.items()


def test_a_file_that_a_running_script_still_writes_is_not_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is made; then a script writes the file; then the import would go on with it."""
    from signoff.adopt.copies import BEGUN, Manifest, State, entries_of, new_copies
    from signoff.adopt.look import shadowing

    paths = [*shadowing(folder), folder / "whatsapp_state.json"]
    copies = new_copies(
        folder,
        Manifest(BEGUN, True, entries_of(folder, paths), [State("whatsapp_state.json", True, [])]),
        system_clock,
    )
    copies.copy_all()
    newer = write_state(folder, state() | {"mine": "newer"})
    with pytest.raises(StateFileError, match="stop all scripts"):
        adopted(folder)
    assert (folder / "whatsapp_state.json").read_bytes() == newer
    assert plan(folder).begun
    assert "stopped in the middle" in plan(folder).notes[0]
    undo(folder)
    assert (folder / "whatsapp_state.json").read_bytes() == newer
    adopted(folder)
    with opened(folder) as manager:
        assert manager.get_config("mine") == "newer"
