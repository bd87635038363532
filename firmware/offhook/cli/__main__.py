"""`python -m offhook.cli` is `offhook`."""

import sys

from offhook.cli.main import main

sys.exit(main())
