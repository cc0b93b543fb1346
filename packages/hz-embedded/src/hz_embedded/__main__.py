"""``python -m hz_embedded``: the same as the command ``hz-embedded``."""

import sys

from hz_embedded.cli import main

sys.exit(main())
