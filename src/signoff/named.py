"""What a user has written, by its name: ``module:name``, the module in the current folder or installed."""

from __future__ import annotations

import importlib
import inspect
import operator
import sys
from pathlib import Path
from types import ModuleType

from .errors import SignoffError


def load_named(spec: str, what: str, failure: type[SignoffError]) -> object:
    """Import the module and give what is named in it.

    Args:
        spec: ``module:name``, or ``module:name.attribute``.
        what: what it is wanted as, for the errors: ``assistant``, ``gateway``.
        failure: the kind of error to raise.

    Raises:
        SignoffError: of the kind ``failure``: it cannot be imported, or there is no such name in it.
    """
    name, _, path = spec.partition(":")
    module = _load_module(name, spec, what, failure)
    try:
        return operator.attrgetter(path)(module)
    except AttributeError as error:
        raise failure(f"{what} {spec!r}: {module.__file__ or name} has no {path!r}") from error


def check_callable(found: object, spec: str, what: str, taking: str, failure: type[SignoffError]) -> None:
    """Refuse what cannot be called with these arguments.

    Args:
        taking: the names of the arguments, as ``message, conversation``.

    Raises:
        SignoffError: of the kind ``failure``.
    """
    if not callable(found):
        raise failure(f"{what} {spec!r} is no function: name one that takes ({taking})")
    if inspect.iscoroutinefunction(found):
        raise failure(f"{what} {spec!r} is asynchronous: write it with 'def' instead of 'async def'")
    try:
        inspect.signature(found).bind(*taking.split(", "))
    except TypeError as error:
        raise failure(f"{what} {spec!r} must take ({taking}): {error}") from error
    except ValueError:  # a built-in that does not tell its parameters
        return


def _load_module(name: str, spec: str, what: str, failure: type[SignoffError]) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise failure(f"{what} {spec!r}: the module {name!r} needs {error.name!r}: install it") from error
        raise failure(f"{what} {spec!r}: no module {name!r}: it is neither installed nor a file in {folder}") from error
    except (Exception, SystemExit) as error:
        raise failure(
            f"{what} {spec!r}: the module {name!r} failed while it was imported: {type(error).__name__}: {error}"
        ) from error
