"""Where the control socket lies: that of the service, or of `make run` on this machine."""

import os
from collections.abc import Mapping
from pathlib import Path

from offhook.service.records import ServiceSettings


def control_socket(environment: Mapping[str, str] = os.environ) -> Path:
    """The one that `OFFHOOK_CONTROL` names, else the service's, else the lab's if that is there."""
    if told := environment.get("OFFHOOK_CONTROL"):
        return Path(told).absolute()
    service, lab = ServiceSettings().control_socket, lab_socket(environment)
    return lab if lab.exists() and not service.exists() else service


def lab_socket(environment: Mapping[str, str] = os.environ) -> Path:
    """Where `make run` puts it: in the user's own directory for such things."""
    if told := environment.get("OFFHOOK_CONTROL"):
        return Path(told).absolute()
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/tmp/offhook-{os.getuid()}"  # noqa: S108
    return Path(runtime) / "offhook" / "control"
