"""``python -m hz_cli`` is the command ``hz``."""

import sys

from hz_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
