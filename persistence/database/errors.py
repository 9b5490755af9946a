"""What can be wrong with the store, said so that a person knows what to do."""


class _ErrorWithCure(Exception):
    def __init__(self, found: str, cure: str = "") -> None:
        super().__init__(f"{found} {cure}".rstrip())
        self.found, self.cure = found, cure


class StoreError(_ErrorWithCure):
    """The store cannot be used as it is. Nothing was written to it. Its text says which file and what to do."""


class StoreAway(_ErrorWithCure):
    """The store cannot be used now: it is locked, or its server does not answer. Its text says why and what to do."""


class ImportFault(ValueError):
    """A file of the older bot is wrong. Nothing was changed. Its text names file, record and field."""


class BackupError(Exception):
    """A backup could not be made, read back or restored. The store is as it was."""


class SaveFailed(Exception):
    """A save was rolled back: the store is as it was. Its text says what failed and what to do."""


class SaveRefused(SaveFailed):
    """As SaveFailed, for a value that the store cannot hold: to save the same again fails again."""


class CopiesFailed(SaveFailed):
    """The store was saved, but a JSON copy could not be written. The next save makes it anew."""
