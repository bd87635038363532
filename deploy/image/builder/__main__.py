"""`python3 -m builder STAGE --arch ARCH`."""

import sys

from builder.main import main

sys.exit(main())
