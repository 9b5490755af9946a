"""`python -m actors NAME`: one actor's process, started by the launcher."""

import sys

from actors.lazy_imports import lighten

if __name__ == "__main__":
    lighten(sys.argv[-1])  # before anything else is imported

    from actors.runtime.process import main

    sys.exit(main())
