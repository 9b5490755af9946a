"""`python -m actors`: one actor's process, started by the launcher."""

import sys

from actors.runtime.process import main

if __name__ == "__main__":
    sys.exit(main())
