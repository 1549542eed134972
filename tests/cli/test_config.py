"""``signoff config``: every setting with what it does, what is allowed, and who set it when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signoff import StateManager
from signoff.settings import KNOWN

from ..store.scenes import Scene
from .conftest import Signoff

STATE = "whatsapp_state.json"


def test_set_holds_at_once_and_names_who(desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
    result = signoff("config", "set", "retry_config.max_retries", "5", "--by", "Omar", "--json")
    told = json.loads(result.stdout)
    assert (told["value"], told["default"], told["set_by"]) == (5, 3, "Omar")
    with StateManager(tmp_path / STATE) as state:
        assert state.get_config("retry_config") == {
            "max_retries": 5,
            "retry_delay_seconds": 2,
            "exponential_backoff": True,
        }


def test_get_prints_the_value_alone(desk: Scene, signoff: Signoff) -> None:
    signoff("config", "set", "api_endpoint", "http://localhost:3001/api/whatsapp")
    signoff("config", "set", "greeting", "[bold]Hello[/bold]")
    assert signoff("config", "get", "api_endpoint").stdout == "http://localhost:3001/api/whatsapp\n"
    assert signoff("config", "get", "greeting").stdout == "[bold]Hello[/bold]\n"
    assert signoff("config", "get", "human_in_the_loop").stdout == "false\n"
    assert json.loads(signoff("config", "get", "retry_config").stdout)["max_retries"] == 3
    assert signoff("config", "get", "retry_config.max_retries").stdout == "3\n"


def test_get_prints_a_text_as_json_where_that_is_asked_for(desk: Scene, signoff: Signoff) -> None:
    assert json.loads(signoff("config", "get", "api_endpoint", "--json").stdout).startswith("http://")


def test_unset_has_the_default_hold_again_and_nobody_as_its_author(desk: Scene, signoff: Signoff) -> None:
    signoff("config", "set", "retry_config.max_retries", "5")
    signoff("config", "set", "retry_config.retry_delay_seconds", "9")
    told = json.loads(signoff("config", "unset", "retry_config.max_retries", "--by", "Omar", "--json").stdout)
    assert (told["value"], told["set_by"]) == (3, None)
    assert json.loads(signoff("config", "get", "retry_config").stdout)["retry_delay_seconds"] == 9
    assert "default" in signoff("config", "unset", "retry_config").stdout
    assert desk.store.settings(desk.account) == {}
    assert "unset, by Omar: retry_config" not in signoff("history").stdout  # one field of several: the group was set
    assert signoff("config", "unset", "retry_config").returncode == 0


def test_unset_removes_a_key_of_ones_own_from_the_state_file_too(desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
    signoff("config", "set", "greeting", "Hello")
    assert "greeting" in json.loads((tmp_path / STATE).read_text("utf-8"))
    assert signoff("config", "unset", "greeting", "--by", "Omar").stdout.split() == ["greeting", "removed"]
    assert "greeting" not in json.loads((tmp_path / STATE).read_text("utf-8"))
    assert signoff("config", "get", "greeting").returncode == 1
    assert "unset, by Omar: greeting" in signoff("history").stdout


def test_a_script_that_writes_its_old_copy_of_the_file_back_does_not_undo_an_unset(
    desk: Scene, signoff: Signoff, tmp_path: Path
) -> None:
    signoff("config", "set", "greeting", "Hello")
    signoff("config", "set", "retry_config.max_retries", "5")
    old = json.loads((tmp_path / STATE).read_text("utf-8"))
    signoff("config", "unset", "greeting")
    signoff("config", "unset", "retry_config.max_retries")
    (tmp_path / STATE).write_text(json.dumps({**old, "api_endpoint": "http://localhost:3001"}), "utf-8")
    assert signoff("config", "get", "api_endpoint").stdout == "http://localhost:3001\n"
    assert desk.store.settings(desk.account) == {"api_endpoint": "http://localhost:3001"}


def test_lists_every_setting_and_the_users_own(desk: Scene, signoff: Signoff) -> None:
    signoff("config", "set", "shop", '{"city": "Haven"}', "--by", "Omar")
    lines = signoff("config").stdout.splitlines()
    told = json.loads(signoff("config", "--json").stdout)
    assert [each["key"] for each in told] == [*(setting.path for setting in KNOWN), "shop"]
    assert {each["set_by"] for each in told} == {None, "Omar"}
    for setting in KNOWN:
        assert [line for line in lines if line.startswith(setting.path)]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("setting", KNOWN, ids=[setting.path for setting in KNOWN])
def test_explains_what_the_code_knows(setting: object, explanations: dict[str, dict[str, object]]) -> None:
    path, default, allowed, _, explain = setting  # type: ignore[misc]
    told = explanations[path]
    assert (told["default"], told["allowed"], told["explain"]) == (default, allowed, explain)
    assert (told["value"], told["set_by"], told["set_at"]) == (default, None, None)


@pytest.fixture(scope="module")
def explanations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    from .terminal import run

    folder = tmp_path_factory.mktemp("state")
    StateManager(folder / STATE).close()
    return {each["key"]: each for each in json.loads(run(folder, "config", "explain", "--json").stdout)}


def test_explains_for_people_where_the_value_comes_from(desk: Scene, signoff: Signoff) -> None:
    assert "set by   nobody: the default holds" in signoff("config", "explain", "human_in_the_loop").stdout
    signoff("config", "set", "human_in_the_loop", "true", "--by", "Omar")
    told = signoff("config", "explain", "human_in_the_loop").stdout
    for words in ("whether a person decides", "value    true", "allowed  true or false", "default  false", "Omar, 20"):
        assert words in told


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("set", "retry_config.max_retries", "many"), 2, "allowed is a whole number from 0 to 100"),
        (("set", "retry_config.max_retrys", "5"), 2, "do you mean retry_config.max_retries?"),
        (("set", "session", "{}"), 2, "it is changed by update_session_status()"),
        (("set", "session.authenticated", "true"), 2, "it is changed by update_session_status()"),
        (("unset", "session"), 2, "it is changed by update_session_status()"),
        (("unset", "session.authenticated"), 2, "it is changed by update_session_status()"),
        (("unset", "greeting"), 1, "there is no setting 'greeting'"),
        (("unset",), 2, "signoff config unset KEY"),
        (("unset", "retry_config.max_retries", "3"), 2, "only signoff config set takes a value"),
        (("get", "humans_in_the_loop"), 1, "do you mean human_in_the_loop?"),
        (("get", "nothing.like.it"), 1, "signoff config lists them all"),
        (("explain", "session"), 1, "there is no setting 'session'"),
        (("set", "greeting"), 2, "signoff config set KEY VALUE"),
        (("get",), 2, "signoff config get KEY"),
        (("get", "greeting", "x"), 2, "only signoff config set takes a value"),
        (("gut", "greeting"), 2, "gut"),
    ],
)
def test_a_mistake_is_told_with_what_to_do_and_changes_nothing(
    desk: Scene, signoff: Signoff, words: tuple[str, ...], code: int, told: str
) -> None:
    result = signoff("config", *words)
    assert (result.returncode, result.stdout) == (code, "")
    assert told in " ".join(result.stderr.replace("│", " ").split())
    assert desk.store.settings(desk.account) == {}
