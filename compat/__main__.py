"""``python -m compat``: the command ``compat``."""

import sys

from .cli import main

sys.exit(main())
