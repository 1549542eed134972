"""The power is cut at any moment of a recorded story, and what the disk then holds is opened again.

* `stories`: what is recorded, a whole life of a state, in processes of their own, with what they were told.
* `strace`: the recorder; every call that changes a file, in the order in which they came to an end.
* `disk`: a disk that is given those calls, and what it may hold when the power goes.
* `aftermath`: opening that again, and what must be found.
"""
