"""Finished generations on disk, so that a crash pays for none of them twice.

One file for each writer on a machine; a SIGKILL leaves it whole. What is old is dropped.
"""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Final

from c2c_stream.errors import SettingsError
from c2c_stream.write.model.asking import Answer

NAME: Final = "answers.sqlite"
# A record is asked for again only until its offset is committed: seconds, some thousand records.
KEEP: Final = 50_000
_EVERY: Final = 1_000


class Cache:
    """Answers by the key of what was asked."""

    def __init__(self, folder: Path) -> None:
        """Open or make the file. Raises SettingsError where the folder cannot hold it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(
                folder / NAME,
                isolation_level=None,
                check_same_thread=False,  # made on one thread, used on another alone
            )
            self._file.execute("PRAGMA journal_mode=WAL")
            # A crash of the process loses nothing; one of the machine some answers at most.
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS answers (number INTEGER PRIMARY KEY, key TEXT UNIQUE,"
                " answer TEXT NOT NULL)"
            )
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(f"model.cache_folder: {folder}: {error}") from error

    def get(self, key: str) -> Answer | None:
        """Return what was answered, if it was asked before."""
        row = self._file.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return Answer(**json.loads(row[0])) if row else None

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        row = (key, json.dumps(asdict(answer)))
        added = self._file.execute(
            "INSERT OR REPLACE INTO answers (key, answer) VALUES (?, ?)", row
        )
        number = added.lastrowid or 0
        if number % _EVERY == 0:
            self._file.execute("DELETE FROM answers WHERE number <= ?", (number - KEEP,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
