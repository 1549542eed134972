"""The contract of `Store`, kept by SQLite."""

from __future__ import annotations

import pytest

from ..conftest import StoreFactory
from . import contract
from .contract.base import OpenStore


@pytest.fixture
def open_store(make_store: StoreFactory) -> OpenStore:
    return make_store


class TestAccounts(contract.AccountsContract):
    pass


class TestDecisions(contract.DecisionsContract):
    pass


class TestRefusals(contract.RefusalsContract):
    pass


class TestSeen(contract.SeenContract):
    pass


class TestTwoDeciders(contract.TwoDecidersContract):
    pass


class TestClaims(contract.ClaimsContract):
    pass


class TestOutcomes(contract.OutcomesContract):
    pass


class TestUnconfirmed(contract.UnconfirmedContract):
    pass


class TestDrafts(contract.DraftsContract):
    pass


class TestAskingAgain(contract.AskingAgainContract):
    pass


class TestUndecided(contract.UndecidedContract):
    pass


class TestFiles(contract.FilesContract):
    pass


class TestRecords(contract.RecordsContract):
    pass


class TestIntake(contract.IntakeContract):
    pass


class TestReceipts(contract.ReceiptsContract):
    pass


class TestEcho(contract.EchoContract):
    pass


class TestForgetting(contract.ForgettingContract):
    pass


class TestLists(contract.ListsContract):
    pass


class TestCounters(contract.CountersContract):
    pass


class TestMessages(contract.MessagesContract):
    pass


class TestReports(contract.ReportsContract):
    pass


class TestScripts(contract.ScriptsContract):
    pass


class TestSettings(contract.SettingsContract):
    pass


class TestSession(contract.SessionContract):
    pass


class TestTable(contract.TableContract):
    pass


def test_no_part_of_the_contract_is_left_out() -> None:
    kept = {base.__name__ for each in list(globals().values()) if isinstance(each, type) for base in each.__bases__}
    assert kept >= set(contract.__all__)
