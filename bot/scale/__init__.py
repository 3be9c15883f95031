"""
Many processes on one PostgreSQL: how they wake each other, and share what is to be done.

Nothing here carries truth: the messages, their order and the schedule are the store's. All of this may be lost, and the
sweeps find what there is to do. See docs/decisions/0017-many-machines.md.
"""
