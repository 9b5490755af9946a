"""Errors of the store, with texts that say what to do."""

from pathlib import Path

from messages import Problem
from wording.problems import ProblemError, english


class _ErrorWithCure(ProblemError):
    """An error with its cure: `found` and `cure` are both worded in English."""

    def __init__(self, found: Problem | str, cure: Problem | str = "") -> None:
        super().__init__(Problem.of("store.with_cure", found=found, cure=cure) if cure else found)
        self.found = english(found) if isinstance(found, Problem) else found
        self.cure = english(cure) if isinstance(cure, Problem) else cure


class StoreError(_ErrorWithCure):
    """The store cannot be used as it is. Nothing was written to it. The text names the file and the cure."""


class DamagedStore(StoreError):
    """SQLite reports the store's file as damaged, or could not read it: reading it again must tell which."""


class StoreInUse(StoreError):
    """Another service writes to the store. Nothing was written to it."""

    def __init__(self, store: str, owner: str) -> None:
        """`owner`: the owner's description, for people."""
        super().__init__(Problem.of("store.in_use", store=store, owner=owner), Problem.of("cure.stop_other_service"))


class StoreAway(_ErrorWithCure):
    """The store cannot be used now: it is locked, or its server does not answer. The text says why and what to do."""


class FolderRefusal(ProblemError):
    """A folder refuses an operation that a store needs, as some network shares do; the text names it and the cure."""

    def __init__(self, folder: Path, what: Problem) -> None:
        """`what`: the refused operation."""
        self.cause = Problem.of("folder.refuses", folder=str(folder), what=what)
        self.cure = Problem.of("cure.leave_share")
        super().__init__(Problem.of("folder.with_cure", cause=self.cause, cure=self.cure))


class StoreMoved(ProblemError):
    """Writes to an open SQLite store do not reach the file at its path."""


class ImportFault(ValueError):
    """A file of the older bot is wrong. Nothing was changed. The text names file, record and field."""


class BackupError(ProblemError):
    """A backup could not be made, read back or restored. The store is unchanged."""


class BackupUnread(BackupError):
    """A backup, or the copy of one, could not be read now. It may be sound."""

    def __init__(self, file: Path, cause: str, cure: Problem) -> None:
        """`cause`: the error of the system, or of SQLite."""
        super().__init__(Problem.of("backup.unread", file=str(file), cause=cause, cure=cure))


class SaveFailed(ProblemError):
    """A save was rolled back: the store is unchanged. The text says what failed and what to do."""


class SaveRefused(SaveFailed):
    """A save failed because the store cannot store a value: a retry would fail again."""


class CopiesFailed(SaveFailed):
    """The store was saved, but a JSON copy could not be written. The next save rewrites it."""


class SummariesNotFilled(ProblemError):
    """A question cannot be answered yet: the summaries are being filled."""


class AnswerTooSlow(ProblemError):
    """A question's deadline has passed. The asker is told, and no thread continues with it."""
