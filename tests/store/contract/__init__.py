"""What every store promises, whatever database it stands on.

A test module gives a fixture ``open_store``, which opens one and the same database each time it is called and at its
end demands that `Store.check` finds nothing, and a subclass of each class here.
"""

from .accounts import AccountsContract
from .decisions import DecisionsContract, RefusalsContract, SeenContract, TwoDecidersContract
from .delivery import ClaimsContract, OutcomesContract, UnconfirmedContract
from .drafts import AskingAgainContract, DraftsContract, UndecidedContract
from .files import FilesContract, RecordsContract
from .intake import EchoContract, ForgettingContract, IntakeContract, ReceiptsContract
from .lists import CountersContract, ListsContract
from .messages import MessagesContract
from .reports import ReportsContract
from .scripts import ScriptsContract
from .settings import SessionContract, SettingsContract
from .table import TableContract

__all__ = [
    "AccountsContract",
    "AskingAgainContract",
    "ClaimsContract",
    "CountersContract",
    "DecisionsContract",
    "DraftsContract",
    "EchoContract",
    "FilesContract",
    "ForgettingContract",
    "IntakeContract",
    "ListsContract",
    "MessagesContract",
    "OutcomesContract",
    "ReceiptsContract",
    "RecordsContract",
    "RefusalsContract",
    "ReportsContract",
    "ScriptsContract",
    "SeenContract",
    "SessionContract",
    "SettingsContract",
    "TableContract",
    "TwoDecidersContract",
    "UnconfirmedContract",
    "UndecidedContract",
]
