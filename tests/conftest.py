"""For all tests: hypothesis is patient with slow machines, and .ci/run allows no skip."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("offhook", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("offhook")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is installed (.ci/run says so), a skipped test hides a broken set-up."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("OFFHOOK_SKIP_NOTHING") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
