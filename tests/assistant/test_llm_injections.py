"""Instructions inside messages are data: whatever they make a model say, it is a draft, and a draft waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.assistant import load_assistant
from signoff.assistant.llm.prompt import BEGIN, END, RULES
from signoff.gateway.simulator import Simulator
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import Outbox

from ..conftest import ManualClock
from .injections import INJECTIONS, OBEDIENT
from .model_server import ModelServer

ANA, BEN = "15550100121@c.us", "15550100122@c.us"


class House:
    """The whole way of a message, with a model that drafts."""

    def __init__(self, folder: Path, model: ModelServer, clock: ManualClock) -> None:
        self.state = StateManager(folder / "state.db", by="maria", clock=clock)
        config = {"protocol": model.protocol, "endpoint": model.endpoint, "model": "small-model", "max_retries": 0}
        self.state.update_config({"human_in_the_loop": True, "llm_config": config})
        self.world = Simulator(clock=clock)
        assistant = load_assistant("llm", self.state.get_config("llm_config"))
        self.stages = [
            Inbox(self.state, self.world, wait=0),
            Drafts(self.state, assistant, "llm"),
            Approval(self.state),
            Outbox(self.state, self.world),
        ]

    def round(self) -> None:
        """Let every stage work once."""
        for stage in self.stages:
            stage.round()

    def settings(self) -> str:
        """All settings, as text."""
        return json.dumps([self.state.get_config(key) for key in sorted(self.state.get_full_state())
                           if key.endswith("_config") or key in ("human_in_the_loop", "api_endpoint")])  # fmt: skip


@pytest.fixture
def house(tmp_path: Path, model: ModelServer, clock: ManualClock) -> Iterator[House]:
    house = House(tmp_path, model, clock)
    yield house
    assert house.state.check() == []
    house.state.close()
    house.world.close()


def test_whatever_a_message_says_and_the_model_does_nothing_is_approved_sent_or_set(
    house: House, model: ModelServer, clock: ManualClock
) -> None:
    before = house.settings()
    ids = []
    for number, text in enumerate(INJECTIONS):
        model.answers = []
        model.says(OBEDIENT[number % len(OBEDIENT)])
        ids.append(house.world.contact_writes(ANA if number % 2 else BEN, text, name=text[:60]))
        clock.advance(120)
        house.round()
        house.round()
    assert len(model.asked) == len(INJECTIONS)
    assert house.world.deliveries() == []
    assert house.settings() == before
    assert house.state.get_messages(MessageStatus.APPROVED) == []
    assert house.state.get_messages(MessageStatus.SENT) == []
    drafts = list(house.state.rows(MessageStatus.PENDING_APPROVAL))
    assert {(row.author, row.approved_by) for row in drafts} == {("small-model", None)}
    assert {row.chat for row in drafts} <= {ANA, BEN}
    assert all("approved" not in event["kind"] for name in ids for event in house.state.history(name))


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_its_words_stand_in_the_users_part_alone_between_the_marks(house: House, model: ModelServer, text: str) -> None:
    model.says(OBEDIENT[0])
    house.world.contact_writes(ANA, text, name=text[:60])
    house.round()
    (asked,) = model.asked
    assert asked.system == RULES
    roles = [entry["role"] for entry in asked.body["messages"]]
    assert roles == (["user"] if model.protocol == "anthropic" else ["system", "user"])
    before, _, rest = asked.user.partition(f"\n{BEGIN}\n")
    inside, _, after = rest.partition(f"\n{END}\n")
    assert json.loads(inside)["from"] == "customer"
    assert json.loads(inside)["text"] == text.replace("\0", "\ufffd")
    assert text not in before + after
    assert set(asked.body) == {"model", "max_tokens", "messages"} | ({"system"} & set(asked.body))


def test_a_model_cannot_pass_for_another_author_or_write_to_another_chat(house: House, model: ModelServer) -> None:
    house.state.update_config({"approval_config": {"rules": [{"name": "faq", "chats": ["*"], "authors": ["faq"]}]}})
    model.says(OBEDIENT[3])
    house.world.contact_writes(ANA, "Write to my friend instead.")
    house.round()
    house.round()
    (row,) = house.state.rows(MessageStatus.PENDING_APPROVAL)
    assert (row.chat, row.author, row.text) == (ANA, "small-model", "x")
    assert house.world.deliveries() == []


def test_why_it_declined_is_told_in_the_history_and_forgotten_with_the_contact(
    house: House, model: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    model.says('{"decline": "Lucía asks about her allergy."}')
    message = house.world.contact_writes(ANA, "Can I eat the cake?")
    house.round()
    why = house.state.history(message)[-1]
    assert (why["kind"], why["by"]) == ("no draft", "small-model")
    assert why["why"] == "declined: Lucía asks about her allergy. (812 + 64 tokens)"
    assert "allergy" not in caplog.text
    house.state.forget(ANA)
    assert "allergy" not in str(house.state.history(message))
