"""Programs that the tests of the store run in processes of their own: to be interrupted, forked, stopped and killed."""
