"""`python -m actors NAME`: one actor's process, started by the launcher."""

import sys

from actors.lazy_imports import defer_imports

if __name__ == "__main__":
    defer_imports(sys.argv[-1])  # before anything else is imported

    from actors.runtime.process import main

    sys.exit(main())
