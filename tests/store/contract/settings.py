"""The contract of settings and of the session: nobody's change is lost."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from signoff.session import Session, authenticated, invalidated
from signoff.settings import merge

from ..scenes import Scene
from .base import Contract, OpenStore


class SettingsContract(Contract):
    def set(self, scene: Scene, **values: Any) -> None:
        scene.store.change_settings(scene.account, lambda _: values, by="maria")

    def test_what_was_set_comes_back_and_what_was_not_is_none(self, scene: Scene) -> None:
        value = {"deep": [1, 2.5, None, True, "سلام"]}
        self.set(scene, mine=value, human_in_the_loop=False)
        assert scene.store.settings(scene.account) == {"human_in_the_loop": False, "mine": value}
        assert scene.store.setting(scene.account, "mine") == value
        assert scene.store.setting(scene.account, "other") is None

    def test_it_has_an_author(self, scene: Scene) -> None:
        self.set(scene, mine=1)
        assert scene.store.setting_author(scene.account, "mine") == "maria"
        assert scene.store.setting_author(scene.account, "other") is None

    def test_it_is_known_since_when(self, scene: Scene) -> None:
        self.set(scene, mine=1)
        since = scene.clock()
        scene.clock.advance(60)
        assert scene.store.setting_since(scene.account, "mine") == since
        assert scene.store.setting_since(scene.account, "other") is None

    def test_the_same_value_again_is_no_change(self, scene: Scene) -> None:
        self.set(scene, mine={"a": "سلام"})
        before = scene.store.last_event()
        self.set(scene, mine={"a": "سلام"})
        assert scene.store.last_event() == before

    def test_what_is_unset_is_gone_and_that_is_an_event(self, scene: Scene) -> None:
        self.set(scene, mine={"a": 1, "b": 2}, other=1)
        assert scene.store.unset_setting(scene.account, "other", by="omar")
        assert scene.store.settings(scene.account) == {"mine": {"a": 1, "b": 2}}
        assert scene.store.setting_author(scene.account, "other") is None
        last = scene.store.events(scene.account, limit=1)[0].event
        assert (last.kind, last.by, last.why) == ("unset", "omar", "other")
        self.set(scene, other=2)
        assert scene.store.setting(scene.account, "other") == 2

    def test_one_field_can_be_unset_and_with_the_last_the_setting_goes(self, scene: Scene) -> None:
        self.set(scene, mine={"a": 1, "b": {}})
        assert scene.store.unset_setting(scene.account, "mine", "a", by="omar")
        assert scene.store.settings(scene.account) == {"mine": {"b": {}}}
        assert scene.store.unset_setting(scene.account, "mine", "b", by="omar")
        assert scene.store.settings(scene.account) == {}

    def test_what_is_not_set_is_not_unset(self, scene: Scene) -> None:
        self.set(scene, mine={"a": 1}, text="a")
        before = scene.store.last_event()
        for key, field in (("other", None), ("mine", "b"), ("text", "a")):
            assert not scene.store.unset_setting(scene.account, key, field, by="omar")
        assert scene.store.last_event() == before

    def test_one_and_true_are_not_the_same_value(self, scene: Scene) -> None:
        self.set(scene, mine=1, deep={"a": 1, "b": 0.0})
        self.set(scene, mine=True, deep={"a": True, "b": False})
        assert scene.store.setting(scene.account, "mine") is True
        assert scene.store.setting(scene.account, "deep") == {"a": True, "b": False}
        assert scene.store.setting(scene.account, "deep")["a"] is True

    def test_what_comes_back_is_the_callers_own(self, scene: Scene) -> None:
        self.set(scene, mine={"a": 1})
        scene.store.setting(scene.account, "mine")["a"] = 2
        scene.store.settings(scene.account)["mine"]["a"] = 3
        assert scene.store.setting(scene.account, "mine") == {"a": 1}

    def test_many_who_change_one_setting_lose_nothing(self, scene: Scene, open_store: OpenStore) -> None:
        def change(thread: int) -> None:
            store = open_store()
            for number in range(20):
                added = {f"{thread}-{number}": True}
                store.change_settings(scene.account, partial(add, added), by="me")

        def add(added: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
            return {"all": merge(stored.get("all"), added)}

        self.set(scene, all={})
        threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(scene.store.setting(scene.account, "all")) == 80

    def test_a_change_that_fails_changes_nothing(self, scene: Scene) -> None:
        self.set(scene, mine=1)

        def change(_: dict[str, Any]) -> dict[str, Any]:
            raise KeyError("a fault of the caller's")

        try:
            scene.store.change_settings(scene.account, change, by="maria")
        except KeyError:
            pass
        else:
            raise AssertionError("the caller's error was swallowed")
        assert scene.store.settings(scene.account) == {"mine": 1}


class SessionContract(Contract):
    def test_a_new_session_wants_a_scan(self, scene: Scene) -> None:
        assert scene.store.session(scene.account) == Session()

    def test_it_comes_back_whole(self, scene: Scene) -> None:
        at = scene.clock()

        def change(session: Session) -> Session:
            info = {"number": "15550100100", "name": "Ana"}
            return authenticated(session, at, info)._replace(seen_on=("host",), extra={"own": [1]})

        after = scene.store.change_session(scene.account, change, by="script", what="authenticated")
        assert scene.store.session(scene.account) == after
        assert after.authenticated
        assert after.seen_on == ("host",)

    def test_each_account_has_one_of_its_own(self, scene: Scene, other: Scene) -> None:
        at = scene.clock()
        other.store.change_session(other.account, lambda session: authenticated(session, at), by="script", what="in")
        assert other.store.session(other.account).authenticated
        assert scene.store.session(scene.account) == Session()

    def test_no_change_is_no_event(self, scene: Scene) -> None:
        before = scene.store.last_event()
        scene.store.change_session(scene.account, lambda session: session, by="script", what="nothing")
        assert scene.store.last_event() == before

    def test_two_who_change_different_things_lose_nothing(self, scene: Scene, open_store: OpenStore) -> None:
        at = scene.clock()
        account = scene.account
        scene.store.change_session(account, lambda session: authenticated(session, at), by="a", what="in")
        open_store().change_session(account, lambda session: invalidated(session, "out", at), by="b", what="out")
        after = scene.store.session(account)
        assert (after.authenticated, after.session_valid, after.invalidation_reason) == (True, False, "out")
