"""The books: append only, written by postings alone, and checkable against themselves.

``stock`` posts to and reverses in the stock book; ``figures`` and ``events`` are what upper layers plug in;
``verify`` recomputes everything; ``triggers`` keep the entries as they were written.
"""

# What a cancel would reverse is known wherever the books are.
from app.ledger import posted as posted
