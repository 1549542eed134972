"""``signoff config``: every setting, what it does, and where its present value comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from .. import settings
from ..clock import local_iso
from ..errors import ConfigError, NotFound
from ..settings import KNOWN
from ..state import StateManager
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person
from .terminal import one_line, out, print_json, shown

_REMOVED = "removed"


class Doing(StrEnum):
    """What can be done with settings."""

    list = "list"
    get = "get"
    set = "set"
    unset = "unset"
    explain = "explain"


def _completed(incomplete: str) -> list[tuple[str, str]]:
    """What the shell offers for a key: the known settings, with what they do. zsh would lose a straight apostrophe."""
    found = [setting for setting in KNOWN if setting.path.startswith(incomplete)]
    return [(setting.path, setting.explain.replace("'", "’")) for setting in found]


def config(
    doing: Annotated[
        Doing,
        typer.Argument(
            metavar="ACTION",
            help="list, get, set, unset or explain.",
        ),
    ] = Doing.list,
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="The setting, with its group: group.name.", autocompletion=_completed),
    ] = None,
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", help="With set: JSON such as true or 5, or a plain text.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """The settings: what they are, what they do, and who set them. A change holds at once, also for `signoff run`;
    only api_endpoint is read when that starts.

    list shows all, get one value, set changes one. unset has its default hold again, and removes a key of your own.
    explain says what a setting does, what is allowed, the default, and who set it when; without KEY it explains all.
    Examples:

    signoff config

    signoff config set retry_config.max_retries 5

    signoff config unset retry_config.max_retries

    signoff config explain human_in_the_loop
    """
    _check_arguments(doing, key, value)
    with opened(state, account, person(by)) as manager:
        if doing is Doing.set:
            _set(manager, str(key), _parsed(str(value)))
        if doing is Doing.get:
            _print_value(_value(manager, str(key)), as_json)
            return
        if doing is Doing.unset:
            told = [_unset(manager, str(key))]
        else:
            told = [explained(manager, key)] if key is not None else list(_all(manager))
    if as_json:
        print_json(told if key is None else told[0])
    elif doing is Doing.explain:
        out.print(*(_explanation(each) for each in told), sep="\n\n")
    else:
        out.print(_table(told))


def explained(manager: StateManager, key: str) -> dict[str, Any]:
    """One setting for programs: its value, what is allowed, the default, what it does, who set it when.

    Raises:
        NotFound: there is no such setting.
    """
    value = _value(manager, key)
    known = next((setting for setting in KNOWN if setting.path == key), None)
    top = key if manager.store.setting(manager.account, key) is not None else key.partition(".")[0]
    since = manager.store.setting_since(manager.account, top) if _is_set(manager, key) else None
    return {
        "key": key,
        "value": value,
        "default": known.default if known else settings.defaults().get(key),
        "allowed": known.allowed if known else "any JSON value",
        "explain": known.explain if known else _what(key),
        "set_by": manager.config_author(top) if since is not None else None,
        "set_at": local_iso(since) if since is not None else None,
    }


def _check_arguments(doing: Doing, key: str | None, value: str | None) -> None:
    if doing in (Doing.get, Doing.set, Doing.unset) and key is None:
        raise typer.BadParameter(f"name the setting: signoff config {doing.value} KEY", param_hint="KEY")
    if doing is Doing.set and value is None:
        raise typer.BadParameter("say what it shall be: signoff config set KEY VALUE", param_hint="VALUE")
    if doing is not Doing.set and value is not None:
        raise typer.BadParameter("only signoff config set takes a value", param_hint="VALUE")


def _all(manager: StateManager) -> Iterator[dict[str, Any]]:
    """The known settings, then the user's own."""
    paths = [setting.path for setting in KNOWN]
    own = sorted(manager.store.settings(manager.account).keys() - {path.partition(".")[0] for path in paths})
    return (explained(manager, key) for key in (*paths, *own))


def _value(manager: StateManager, key: str) -> Any:
    """The present value.

    Raises:
        NotFound: there is no such setting.
    """
    top, _, leaf = key.partition(".")
    if key in settings.defaults() or manager.store.setting(manager.account, key) is not None:
        return manager.get_config(key)
    group = manager.get_config(top) if leaf and top not in settings.OWNED_KEYS else None
    if isinstance(group, dict) and leaf in group:
        return group[leaf]
    raise NotFound(f"there is no setting {key!r}: {_hint(key)}")


def _is_set(manager: StateManager, key: str) -> bool:
    """Whether the value was set by somebody, and is not the default that holds."""
    top, _, leaf = key.partition(".")
    if manager.store.setting(manager.account, key) is not None:
        return True
    group = manager.store.setting(manager.account, top)
    return isinstance(group, dict) and leaf in group


def _set(manager: StateManager, key: str, value: Any) -> None:
    """Set one setting.

    Raises:
        ConfigError: the value is not allowed, or a group of settings has no such key.
    """
    top, _, leaf = key.partition(".")
    _check_settable(key)
    if not leaf or top not in settings.defaults():
        manager.set_config(key, value)
    elif any(setting.path == key for setting in KNOWN):
        manager.update_config({top: {leaf: value}})
    else:
        raise ConfigError(f"there is no setting {key!r}: {_hint(key)}")


def _unset(manager: StateManager, key: str) -> dict[str, Any]:
    """Have the default hold again; the setting as it is then.

    Raises:
        ConfigError: the key is no setting.
        NotFound: there is no such setting.
    """
    _check_settable(key)
    told = explained(manager, key)
    manager.unset_config(key)
    return told | {"value": told["default"], "set_by": None, "set_at": None}


def _check_settable(key: str) -> None:
    """Refuse what a method of its own changes, and its fields.

    Raises:
        ConfigError: it is such a key.
    """
    settings.check_settable(key)
    settings.check_settable(key.partition(".")[0] or key)


def _hint(key: str) -> str:
    paths = [setting.path for setting in KNOWN]
    close = get_close_matches(key, paths, n=1)
    return f"do you mean {close[0]}?" if close else "signoff config lists them all"


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _is_known(key: str) -> bool:
    return key in settings.defaults() or any(setting.path == key for setting in KNOWN)


def _what(key: str) -> str:
    return "a group of settings" if key in settings.defaults() else "a key of your own"


def _print_value(value: Any, as_json: bool) -> None:
    if isinstance(value, str) and not as_json:
        out.print(shown(value), markup=False, soft_wrap=True)
    else:
        print_json(value)


def _origin(told: dict[str, Any]) -> str:
    if told["set_by"] is None:
        return "default" if _is_known(told["key"]) else _REMOVED
    return f"{one_line(told['set_by'], 20)}, {told['set_at'][:10]}"


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(style="dim", overflow="fold")
    for told in found:
        origin = _origin(told)
        value = Text("" if origin == _REMOVED else _json(told["value"]), style="" if told["set_by"] is None else "bold")
        table.add_row(one_line(told["key"], 40), value, Text(origin))
    return table


def _explanation(told: dict[str, Any]) -> Text:
    who = "nobody: the default holds"
    if told["set_by"] is not None:
        who = f"{one_line(told['set_by'])}, {told['set_at'][:19].replace('T', ' ')}"
        who += f" ({told['key'].partition('.')[0]} was changed then)" if "." in told["key"] else ""
    rows = {"value": _json(told["value"]), "allowed": told["allowed"], "default": _json(told["default"]), "set by": who}
    text = Text.assemble((one_line(told["key"]), "bold"), f"  {told['explain']}")
    for name, what in rows.items():
        text.append(f"\n  {name:<9}", style="dim").append(what)
    return text


def _json(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 200)
