"""`python3 -m offhook.appliance`."""

import sys

from offhook.appliance.main import main

sys.exit(main())
