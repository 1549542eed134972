"""``signoff replay``: a chat exported from a phone, played in again to see what would have been drafted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..assistant import Assistant
from ..errors import GatewayError
from ..lifecycle import MessageStatus
from ..pipeline.approval import Approval
from ..pipeline.drafts import Drafts
from ..pipeline.outbox import Outbox
from ..pipeline.replay import Export, Rehearsal, Replay, Report, Script, chats_of, conversations, report_of
from ..pipeline.replay.rhythm import Rhythm
from ..state import StateManager
from ..store.rows import Row
from .desk import Desk
from .feed import Feed
from .opening import opened
from .options import DEFAULT_ACCOUNT, AccountOption, JsonOption, KeepOption, person
from .replay_page import page
from .replay_text import report_text
from .run import AssistantOption, load
from .terminal import INTERRUPTED, complain, err, is_interactive, out, print_json
from .unattended import Unattended
from .workspace import workspace

_MEANWHILE = "answered then"


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", exists=True, dir_okay=False, help="_chat.txt, or the .zip; several, also of one chat."
        ),
    ],
    me: Annotated[str, typer.Option("--as", metavar="NAME", help="Whose answers are to be drafted: your name there.")],
    assistant: AssistantOption = "keywords",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Write the whole report as a page.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option("--speed", metavar="N", min=0.001, help="In the rhythm of then, N times as fast (1, 60, …)."),
    ] = None,
    parallel: Annotated[
        int,
        typer.Option(
            "--parallel", metavar="N", min=1, max=64, help="At full speed: how many messages are drafted for at once."
        ),
    ] = 1,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="With llm: the state whose llm_config counts; else the defaults."),
    ] = None,
    account: AccountOption = DEFAULT_ACCOUNT,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where the replay keeps its state.")
    ] = Path(".replay"),
    keep: KeepOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nobody: every draft counts as signed off.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play a chat that was exported from a phone: what would have been drafted, beside what was answered then.

    Nothing is sent to anyone, whatever you approve. Export a chat on the phone: open it, More, Export chat,
    without media. At a terminal you are asked about each draft; with --yes, --json or in a pipe all is played at full
    speed. Ctrl+C stops it; what was played until then is reported.

    A replay reads no state of yours, whatever folder it is run in. With llm, --state names the one whose llm_config
    counts; the defaults hold without it.

    Example: signoff replay _chat.txt --as "Ana Example" --assistant faq:answers --yes --report replay.html
    """
    if parallel > 1 and speed is not None:
        raise typer.BadParameter("in the rhythm of then one message comes after the other", param_hint="--parallel")
    drafter = _assistant(assistant, state, account)
    exports = [Export.read(file) for file in files]
    script = _script(exports, me)
    asks = is_interactive() and not yes and not as_json
    with workspace(folder, keep=keep) as path, StateManager(path, by="replay") as past_state:
        rehearsal = Rehearsal(past_state, script, drafter, assistant.partition(":")[0])
        err.print(f"{rehearsal.left:,} messages to {me}. Nothing is sent to anyone.", markup=False)
        past = _Past(past_state, rehearsal, script, me, speed)
        at_full_speed = partial(past.at_full_speed, parallel)
        stopped = _stopped(past.at_the_desk if asks else past.in_rhythm if speed else at_full_speed)
        found = report_of(rehearsal, script)
    _tell(found, exports, rehearsal, as_json=as_json)
    if report is not None:
        _write(report, page(found, exports, me, assistant))
    if assistant == "keywords":
        err.print("Answers of your own, from a folder of Markdown files: --assistant faq:FOLDER", markup=False)
    if stopped:
        raise typer.Exit(INTERRUPTED)


def _assistant(spec: str, state: Path | None, account: str) -> Assistant:
    """The assistant that was asked for; a model is set up by the state that was named, and by no other."""
    config = None
    if state is not None:
        with opened(state, account) as manager:
            config = manager.get_config("llm_config")
    elif spec.partition(":")[0] == "llm":
        err.print("llm is set up by the defaults: --state FILE takes llm_config from a state.", markup=False)
    drafter = load(spec, config)
    if drafter is None:
        raise typer.BadParameter(
            "a replay needs an assistant: it shows what that would draft", param_hint="--assistant"
        )
    return drafter


def _script(exports: Sequence[Export], me: str) -> Script:
    try:
        return Script(conversations(chats_of(exports, me), me))
    except GatewayError as error:
        raise typer.BadParameter(str(error), param_hint="--as") from error


def _stopped(play: Callable[[], None]) -> bool:
    """Play; whether Ctrl+C stopped it."""
    try:
        play()
    except KeyboardInterrupt:
        return True
    return False


def _tell(found: Report, exports: Sequence[Export], rehearsal: Rehearsal, *, as_json: bool) -> None:
    if as_json:
        print_json(found.as_dict())
    else:
        out.print(report_text(found, exports))
    if rehearsal.failures:
        first, why = next(iter(rehearsal.failures.items()))
        complain(f"the assistant failed at {len(rehearsal.failures):,} messages, first at {first}: {why}")
    if rehearsal.left:
        err.print(f"{rehearsal.left:,} messages were not played.", markup=False)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
        with suppress(OSError):  # what has no permissions keeps its own
            file.chmod(0o600)
    except OSError as error:
        raise GatewayError(f"{file}: the report cannot be written: {error.strerror or error}") from error
    err.print(f"The report is in {file}. It holds people's words: keep it to yourself.", markup=False)


class _Past:
    """Plays the messages of the others, and shows drafts beside what was answered then."""

    def __init__(self, state: StateManager, rehearsal: Rehearsal, script: Script, me: str, speed: float | None) -> None:
        self._state = state
        self._script = script
        self._rehearsal = rehearsal
        self._rhythm = Rhythm([event.at for event in script.theirs], speed, state.clock) if speed else None
        self._drafts = Drafts(state, rehearsal)
        self._approval = Approval(state)
        self._outbox = Outbox(state, Replay([], me))
        self._feed = Feed(state, beside=self.beside, without=[MessageStatus.SENT])
        if any(event.is_group for event in script.theirs):
            state.update_config({"watcher_config": {"process_group_messages": True}})

    def at_the_desk(self) -> None:
        """One message at a time, or as they came then; a person decides."""
        Desk(self._state, person(None), goes_on=self._goes_on, beside=self.beside, feed=self._feed).run()

    def in_rhythm(self) -> None:
        """As they came then; nobody is asked."""
        Unattended(self._state, "replay", goes_on=self._goes_on, feed=self._feed).run()

    def at_full_speed(self, at_once: int) -> None:
        """All of them, so many at once; nobody is asked."""
        columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("replay", total=self._rehearsal.left)
            self._rehearsal.play_all(lambda count: progress.advance(task, count), at_once)

    def beside(self, row: Row) -> tuple[str, str] | None:
        """What was really answered to the message that a draft answers."""
        answered = self._state.store.by_seq(row.answers) if row.answers is not None else None
        if answered is None:
            return None
        answer = self._script.answer_to(answered.id)
        return _MEANWHILE, answer.text if answer else "‹nothing›"

    def _goes_on(self, waiting: bool) -> bool:
        """Do what is due; play what comes next when its time has come. False when all is over."""
        if self._outbox.round() or self._drafts.round() or self._approval.round():
            return True
        if not self._rehearsal.left:
            return waiting
        if self._rhythm.is_due(len(self._rehearsal.played)) if self._rhythm else not waiting:
            self._rehearsal.take_next()
        return True
