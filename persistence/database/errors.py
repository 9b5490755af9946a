"""What can be wrong with the store, said so that a person knows what to do."""

from pathlib import Path

from messages import Problem
from wording.problems import ProblemError, english


class _ErrorWithCure(ProblemError):
    """What is wrong, and what to do: `found` and `cure` are both worded in English."""

    def __init__(self, found: Problem | str, cure: Problem | str = "") -> None:
        super().__init__(Problem.of("store.with_cure", found=found, cure=cure) if cure else found)
        self.found = english(found) if isinstance(found, Problem) else found
        self.cure = english(cure) if isinstance(cure, Problem) else cure


class StoreError(_ErrorWithCure):
    """The store cannot be used as it is. Nothing was written to it. Its text says which file and what to do."""


class DamagedStore(StoreError):
    """SQLite finds the store's file damaged, or could not read it: it has to be looked at once more."""


class StoreInUse(StoreError):
    """Another service writes to the store. Nothing was written to it."""

    def __init__(self, store: str, owner: str) -> None:
        """`owner`: who has it, as people are told."""
        super().__init__(Problem.of("store.in_use", store=store, owner=owner), Problem.of("cure.stop_other_service"))


class StoreAway(_ErrorWithCure):
    """The store cannot be used now: it is locked, or its server does not answer. Its text says why and what to do."""


class FolderRefusal(ProblemError):
    """A folder refuses what a store needs, as some network shares do; its text says what, and what to do."""

    def __init__(self, folder: Path, what: Problem) -> None:
        """`what`: what it refuses."""
        self.cause = Problem.of("folder.refuses", folder=str(folder), what=what)
        self.cure = Problem.of("cure.leave_share")
        super().__init__(Problem.of("folder.with_cure", cause=self.cause, cure=self.cure))


class StoreMoved(ProblemError):
    """What is written to an open SQLite store does not reach the file at its path."""


class ImportFault(ValueError):
    """A file of the older bot is wrong. Nothing was changed. Its text names file, record and field."""


class BackupError(ProblemError):
    """A backup could not be made, read back or restored. The store is as it was."""


class BackupUnread(BackupError):
    """A backup, or the copy of one, could not be read now. It may be sound."""

    def __init__(self, file: Path, cause: str, cure: Problem) -> None:
        """`cause`: what the system, or SQLite, says."""
        super().__init__(Problem.of("backup.unread", file=str(file), cause=cause, cure=cure))


class SaveFailed(ProblemError):
    """A save was rolled back: the store is as it was. Its text says what failed and what to do."""


class SaveRefused(SaveFailed):
    """As SaveFailed, for a value that the store cannot hold: to save the same again fails again."""


class CopiesFailed(SaveFailed):
    """The store was saved, but a JSON copy could not be written. The next save makes it anew."""


class SummariesNotFilled(ProblemError):
    """A question cannot be answered yet: what the watches add up to is being counted."""


class AnswerTooSlow(ProblemError):
    """The time that a question has is over. Whoever asked is told so, and no thread goes on with it."""
