"""What every store promises, whatever database it stands on.

A test module gives a fixture ``open_store``, which opens one and the same database each time it is called, and a
subclass of each class here. The last thing that fixture does is to demand that `Store.check` finds nothing.
"""

from .accounts import AccountsContract
from .decisions import DecisionsContract
from .delivery import ClaimsContract, OutcomesContract
from .drafts import DraftsContract
from .files import FilesContract
from .intake import IntakeContract
from .lists import CountersContract, ListsContract
from .messages import MessagesContract
from .scripts import ScriptsContract
from .settings import SettingsContract
from .table import TableContract

__all__ = [
    "AccountsContract",
    "ClaimsContract",
    "CountersContract",
    "DecisionsContract",
    "DeliveryContract",
    "DraftsContract",
    "FilesContract",
    "IntakeContract",
    "ListsContract",
    "MessagesContract",
    "OutcomesContract",
    "ScriptsContract",
    "SettingsContract",
    "TableContract",
]
