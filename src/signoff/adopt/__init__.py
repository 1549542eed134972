"""Taking over a folder of the components that signoff replaces.

* `look`: which modules shadow ours, which state files there are, what the scripts import.
* `states`: what a state file brings, also one that is broken (`salvage`), and whether it is `ours`.
* `imports`: whether the scripts' imports find ours; `probe` tries them in a process of its own.
* `copies`: the copies of all that is touched, and how far an adoption has come.
* `act`: what is done, and `undo`: bringing all of it back.
"""

from .act import Adopted, Plan, adopt, plan
from .undo import Undone, undo

__all__ = ["Adopted", "Plan", "Undone", "adopt", "plan", "undo"]
