"""`python -m offhook.service` is `offhookd`."""

import sys

from offhook.service.main import main

sys.exit(main())
