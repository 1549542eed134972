"""The way a message goes, one stage a file: `inbox`, `drafts`, `approval`, `outbox`, and the `keeper` that tidies up.

Every stage is a small class whose ``round()`` does one round of work and returns how much it did.
"""
