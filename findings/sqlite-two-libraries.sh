#!/bin/sh
# apsw 3.54.1.0 with Python's sqlite3: closing a file in one takes away the lock of the other, and a row is lost.
#
# A program writes to a database through Python's sqlite3, and one of its libraries reads the same file through apsw, which
# brings an SQLite of its own. A good guess is that this is as safe as two connections of one library: while a write
# transaction is open, other processes are refused. Seen instead: once the reader has closed its connection, another
# process begins a write transaction, writes and commits without an error, next to the one that is still open. After
# that one commits as well, the other's row is gone. POSIX locks belong to the process and end with the first closed
# descriptor; each SQLite knows to wait for its own connections alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install apsw==3.54.1.0
cat >"$folder/seen.py" <<'PYTHON'
import os
import sqlite3
import subprocess
import sys

import apsw

FILE = os.path.join(sys.argv[1], "shared.db")
OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.executescript("BEGIN IMMEDIATE; INSERT INTO t VALUES ('other process'); COMMIT")
    print("committed")
except sqlite3.OperationalError as error:
    print(error)
"""


def other_process():
    ran = subprocess.run([sys.executable, "-c", OTHER_PROCESS, FILE], stdout=subprocess.PIPE, text=True, check=True)
    return ran.stdout.strip()


print("sqlite3 with SQLite %s, apsw with SQLite %s" % (sqlite3.sqlite_version, apsw.sqlite_lib_version()))
writer = sqlite3.connect(FILE, isolation_level=None)
writer.execute("PRAGMA journal_mode=WAL")
writer.execute("CREATE TABLE t (x)")
writer.execute("BEGIN IMMEDIATE")
writer.execute("INSERT INTO t VALUES ('this process')")
before = other_process()
reader = sqlite3.connect(FILE)
reader.execute("SELECT count(*) FROM t").fetchall()
reader.close()
same = other_process()
reader = apsw.Connection(FILE)
reader.execute("SELECT count(*) FROM t").fetchall()
reader.close()
two = other_process()
writer.execute("COMMIT")
writer.close()
rows = sqlite3.connect(FILE).execute("SELECT x FROM t").fetchall()
print("another process, while a write transaction is open:", before)
print("after a reader of the same library closed:", same)
print("after a reader of the other library closed:", two)
print("rows, after both have committed:", rows)
locked = "database is locked"
assert (before, same, two, rows) == (locked, locked, "committed", [("this process",)]), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
