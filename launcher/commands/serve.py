"""`python run.py`: runs the service."""

from __future__ import annotations

import os
from collections.abc import Callable

from actors.runtime.logs import set_up_logging
from config import Settings
from launcher.commands.stderr import write_error
from launcher.connection.lock import AlreadyRunningError
from launcher.launcher import Launcher
from persistence.database.errors import FolderRefusal
from wording.file_failures import explain_os_error


def main(settings: Settings, make: Callable[[Settings], Launcher] = Launcher) -> int:
    """Run until told to stop; return the exit status. `make` builds the launcher; tests pass another."""
    os.umask(int(settings.umask, 8))
    set_up_logging(settings.log_level, settings.log_format, settings.secrets(), keeps_tail=settings.web_port > 0)
    try:
        return make(settings).run()
    except FolderRefusal as refused:
        write_error(f"The data folder {settings.data_dir} cannot be used: {refused}")
        return 1
    except AlreadyRunningError as refused:
        write_error(str(refused))
        return 1
    except OSError as error:
        write_error(
            f"The data folder {settings.data_dir} cannot be used: {explain_os_error(error)}. "
            "Or name another folder in DATA_DIR."
        )
        return 1
