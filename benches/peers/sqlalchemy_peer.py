"""The same work by SQLAlchemy 2 on psycopg 3.

One line of JSON on the standard input is a piece of work, one on the standard output is what it cost. Single reads and writes
are sent in autocommit, which takes two round trips less than its default; what is committed, by its unit of work. Rows are
inserted by `insert()` with a list of parameters, as its guide to bulk operations recommends; a statement that returns has up
to 10,000 of them, as those of the others, and not 1,000, its default.
"""

import json
import sys
import threading
import time

import psycopg
import sqlalchemy
from sqlalchemy import BigInteger, ForeignKey, Identity, create_engine, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    amount: Mapped[int]


class Part(Base):
    __tablename__ = "part"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    color: Mapped[str]
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))


class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    amount: Mapped[int]


class Stock(Base):
    __tablename__ = "stock"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[int] = mapped_column(BigInteger, unique=True)
    name: Mapped[str]
    amount: Mapped[int]


class Top(Base):
    __tablename__ = "top"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    middles: Mapped[list["Middle"]] = relationship(back_populates="top")


class Middle(Base):
    __tablename__ = "middle"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    top_id: Mapped[int] = mapped_column(ForeignKey("top.id"))
    top: Mapped[Top] = relationship(back_populates="middles")
    leaves: Mapped[list["Leaf"]] = relationship(back_populates="middle")


class Leaf(Base):
    __tablename__ = "leaf"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    middle_id: Mapped[int] = mapped_column(ForeignKey("middle.id"))
    middle: Mapped[Middle] = relationship(back_populates="leaves")


class Engines:
    """One that commits each statement, one that begins, and one with a pool of its own size."""

    def __init__(self, url):
        self.url = url
        self.auto = create_engine(url, insertmanyvalues_page_size=10_000, pool_size=1, isolation_level="AUTOCOMMIT")
        self.begins = create_engine(url, insertmanyvalues_page_size=10_000, pool_size=1)
        self.pooled = None

    def pool(self, size):
        if self.pooled is None:
            self.pooled = create_engine(
                self.url, pool_size=size, max_overflow=0, pool_timeout=300, isolation_level="AUTOCOMMIT"
            )
        return self.pooled


ROWS = [{"name": f"the entry of number {n}", "amount": n % 1000} for n in range(100_000)]
ANY = 0


def any_key():
    global ANY
    ANY = (ANY + 7919) % 100_000
    return ANY + 1


class Cannot(Exception):
    pass


def memory(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def measured(times, expected, work, setup=0):
    """Does the work, which gives a number of rows and what is kept until it is done again.

    `setup` is how many statements were sent before, each a round trip.
    """
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass
    before = memory("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        rows, kept = work()
        if rows != expected:
            raise RuntimeError(f"{rows} rows where {expected} were expected")
        del kept
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall / times, "cpu": cpu / times, "peak": max(0, memory("VmHWM") - before), "setup": setup}


def run(engines, ask):
    way, work, times = ask["way"], ask["work"], ask["times"]
    rows = ask.get("rows", 0)
    objects = way == "session"

    if work in ("select", "tracked"):
        statement = select(Item) if objects else select(Item.id, Item.name, Item.amount)

        def do():
            with Session(engines.auto) as session:
                found = (session.scalars(statement) if objects else session.execute(statement)).all()
                return len(found), found

        return measured(times, rows, do)

    if work == "join":
        what = (Part, Item) if objects else (
            Part.id, Part.name, Part.color, Part.item_id, Item.id, Item.name, Item.amount
        )
        statement = select(*what).join(Item, Part.item_id == Item.id, isouter=True).where(Part.color == "red")

        def do():
            with Session(engines.auto) as session:
                found = session.execute(statement).all()
                return len(found), found

        return measured(times, rows, do)

    if work == "insert":
        some = ROWS[:rows]
        if objects:

            def do():
                with Session(engines.begins, expire_on_commit=False) as session:
                    entries = [Entry(name=row["name"], amount=row["amount"]) for row in some]
                    session.add_all(entries)
                    session.commit()
                    return sum(entry.id is not None for entry in entries), entries

        elif ask["keys"]:
            statement = insert(Entry).returning(Entry.id)

            def do():
                with Session(engines.auto) as session:
                    made = session.scalars(statement, some).all()
                    return len(made), made

        else:
            statement = insert(Entry)

            def do():
                with Session(engines.auto) as session:
                    session.execute(statement, some)
                    return len(some), None

        return measured(times, rows, do)

    if work == "find":
        columns = select(Entry.id, Entry.name, Entry.amount)

        def do():
            with Session(engines.auto) as session:
                if objects:
                    found = session.get(Entry, any_key())
                else:
                    found = session.execute(columns.where(Entry.id == any_key())).one_or_none()
                return int(found is not None), found

        return measured(times, 1, do)

    if work == "update":

        def do():
            with Session(engines.auto) as session:
                statement = update(Entry).where(Entry.id == any_key()).values(amount=7)
                done = session.execute(statement, execution_options={"synchronize_session": False})
                return done.rowcount, None

        return measured(times, 1, do)

    if work == "delete":
        keys = iter(range(ask["first"], ask["first"] + times))

        def do():
            with Session(engines.auto) as session:
                statement = delete(Entry).where(Entry.id == next(keys))
                done = session.execute(statement, execution_options={"synchronize_session": False})
                return done.rowcount, None

        return measured(times, 1, do)

    if work == "load":
        statement = select(Top).options(selectinload(Top.middles).selectinload(Middle.leaves))

        def do():
            with Session(engines.auto) as session:
                tops = session.scalars(statement).all()
                return sum(len(middle.leaves) for top in tops for middle in top.middles), tops

        return measured(times, rows, do)

    if work == "graph":
        tops, middles, leaves = ask["tops"], ask["middles"], ask["leaves"]

        def do():
            with Session(engines.begins, expire_on_commit=False) as session:
                made = [
                    Top(
                        name=ROWS[i]["name"],
                        middles=[
                            Middle(name=ROWS[j]["name"], leaves=[Leaf(name=ROWS[k]["name"]) for k in range(leaves)])
                            for j in range(middles)
                        ],
                    )
                    for i in range(tops)
                ]
                session.add_all(made)
                session.commit()
                return rows if all(top.id is not None for top in made) else 0, made

        return measured(times, rows, do)

    if work in ("change", "remove", "unchanged"):
        with Session(engines.begins, expire_on_commit=False) as session:
            entries = session.scalars(select(Entry)).all()
            session.commit()

            def do():
                if work == "change":
                    for entry in entries[: ask["changed"]]:
                        entry.amount += 1
                elif work == "remove":
                    for entry in entries:
                        session.delete(entry)
                session.commit()
                return len(entries), None

            return measured(times, rows, do, setup=3)

    if work == "identity":
        with Session(engines.auto) as session:
            kept = session.scalars(select(Entry).where(Entry.id <= 1000)).all()
            keys = iter(range(times))

            def do():
                return int(session.get(Entry, next(keys) % 1000 + 1) is not None), None

            cost = measured(times, 1, do, setup=1)
            del kept
            return cost

    if work == "upsert":
        some = [{"code": code, **row} for code, row in enumerate(ROWS[:rows])]
        statement = pg_insert(Stock)
        statement = statement.on_conflict_do_update(
            index_elements=[Stock.code], set_={"name": statement.excluded.name, "amount": statement.excluded.amount}
        ).returning(Stock.id)

        def do():
            with Session(engines.auto) as session:
                written = session.scalars(statement, some).all()
                return len(written), written

        return measured(times, rows, do)

    if work == "stream":
        statement = select(Item.id, Item.name, Item.amount).execution_options(yield_per=1000)

        def do():
            count = total = 0
            with Session(engines.begins) as session:
                for number, name, amount in session.execute(statement):
                    count += 1
                    total += number + amount + len(name)
            return count, total

        return measured(times, rows, do)

    if work == "throughput":
        engine, tasks = engines.pool(ask["pool"]), ask["tasks"]
        columns = select(Entry.id, Entry.name, Entry.amount)
        found = [0] * tasks

        def task(number):
            for _ in range(rows // tasks):
                with Session(engine) as session:
                    one = session.execute(columns.where(Entry.id == any_key())).one_or_none()
                    found[number] += one is not None

        def do():
            found[:] = [0] * tasks
            threads = [threading.Thread(target=task, args=(number,)) for number in range(tasks)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sum(found), None

        return measured(times, rows, do)

    raise Cannot(f"no such work: {work}")


def main():
    near, far = (Engines(url.replace("postgresql://", "postgresql+psycopg://")) for url in sys.argv[1:3])
    versions = f"SQLAlchemy {sqlalchemy.__version__}, psycopg {psycopg.__version__}, Python {sys.version.split()[0]}"
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            answer = run(near if ask["link"] == "near" else far, ask)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        print(json.dumps(answer), flush=True)


main()
