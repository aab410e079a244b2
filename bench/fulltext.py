"""Search by the text inside over 100,000 files, as somebody who sees half of them, by page, API and palette; and how long
it takes to index them.  The raw limit is the bare index with the rows of the answer, without scope or page.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User
from werkzeug.security import generate_password_hash

from app.core import db, fulltext, identity
from bench.company import PASSWORD, insert, make_app, timed

FILES = 100_000
CUSTOMERS = 1_000
BATCH = 1_000
WORDS = 6_000  # of the vocabulary of either script
LETTERS = "bcdfghjklmnpqrstvwxyz"
SIGNS = [chr(code) for code in range(0x4E00, 0x4E00 + 2_500)]


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder), url)
        with app.app_context():
            with db.transaction(identity.system()):
                seller = _seller()
                owners = [seller if number % 2 else 1 for number in range(CUSTOMERS)]
                insert(
                    "customers",
                    [
                        {
                            "code": f"C{number:05}",
                            "name": f"Customer {number}",
                            "kind": "company",
                            "status": "active",
                            "owner_id": owner,
                        }
                        for number, owner in enumerate(owners, start=1)
                    ],
                )
            indexed = _fill(owners)
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = str(seller)
            session["_fresh"] = True

        def page(path: str) -> Callable[[], None]:
            def get() -> None:
                answer = browser.get(path)
                assert answer.status_code == 200, (path, answer.status_code)

            return get

        def raw(words: list[str]) -> Callable[[], None]:
            def execute() -> None:
                with app.app_context(), db.db.engine.connect() as connection:
                    if db.is_sqlite():
                        match = " AND ".join(f'"{word}"' for word in words)
                        within = f"SELECT rowid FROM {fulltext.INDEX} WHERE {fulltext.INDEX} MATCH :words"
                    else:
                        match = " & ".join(f"'{word}'" for word in words)
                        within = f"SELECT id FROM {fulltext.INDEX} WHERE words @@ CAST(CAST(:words AS text) AS tsquery)"
                    said = f"FROM files JOIN texts ON texts.row_id = files.id WHERE texts.id IN ({within})"
                    connection.execute(sa.text(f"SELECT count(*) {said}"), {"words": match}).all()
                    few = f"SELECT files.* {said} ORDER BY files.id DESC LIMIT 25"
                    connection.execute(sa.text(few), {"words": match}).all()

            return execute

        vocabulary, signs = _vocabulary()
        cases = [
            ("a rare word", vocabulary[4_000]),
            ("two words", f"{vocabulary[40]} {vocabulary[60]}"),
            ("four Chinese signs", signs[300] + signs[301]),
            ("a word in every third file", vocabulary[0]),
        ]
        found = [(f"index {FILES:,} texts, each 1,000", indexed, "ms", 0.0)]
        for name, question in cases:
            words = fulltext.words_of(question)
            found.append(
                (f"full text, {name}: list", timed(page(f"/files/list/?q={quote(question)}")), "ms", timed(raw(words)))
            )
        question = cases[1][1]
        palette = timed(page(f"/api/v1/search/?q={quote(question)}"))
        return [*found, ("full text, two words: search of everything", palette, "ms", timed(raw(question.split())))]


def _seller() -> int:
    role = db.session.scalars(sa.select(Role).where(Role.name == "Salesperson")).one()
    user = User(username="ann", first_name="Ann", last_name="Lee", email="ann@example.com", active=True)
    user.password = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")
    user.roles = [role]
    db.session.add(user)
    db.session.flush()
    return int(user.id)


def _vocabulary() -> tuple[list[str], list[str]]:
    """Words of Latin script, and of two Chinese signs, the commonest first."""
    chance = random.Random(7)
    latin = ["".join(chance.choices(LETTERS, k=chance.randint(4, 9))) for _ in range(WORDS)]
    return latin, ["".join(chance.choices(SIGNS, k=2)) for _ in range(WORDS)]


def _fill(owners: list[int]) -> float:
    """Make the files and their texts, of about 900 characters; the milliseconds of indexing 1,000 of them."""
    vocabulary, signs = _vocabulary()
    # As in every language: the second word is half as common as the first, and so on.
    weights = [1 / place for place in range(1, WORDS + 1)]
    chance, spent = random.Random(11), 0.0
    for start in range(0, FILES, BATCH):
        with db.transaction(identity.system()):
            customers = [chance.randrange(CUSTOMERS) for _ in range(BATCH)]
            insert(
                "files",
                [
                    {
                        "id": start + number + 1,
                        "title": f"File {start + number}",
                        "name": "a.pdf",
                        "kind": "other",
                        "record": f"customers/{customer + 1}",
                        "record_resource": "customers",
                        "record_id": customer + 1,
                        "customer_id": customer + 1,
                        "owner_id": owners[customer],
                        "latest": 1,
                        "text_state": "read",
                    }
                    for number, customer in enumerate(customers)
                ],
            )
            texts = {}
            for number in range(BATCH):
                latin = " ".join(chance.choices(vocabulary, weights, k=80))
                texts[start + number + 1] = f"{latin} {''.join(chance.choices(signs, weights, k=120))}"
            began = time.perf_counter()
            fulltext.put_all(db.session.connection(), "files", texts)
            spent += time.perf_counter() - began
    return spent * 1000 * BATCH / FILES
