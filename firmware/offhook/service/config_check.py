"""Everything that can be said about a settings file without starting the phone."""

import os
from collections.abc import Mapping
from pathlib import Path

from offhook.board.profile import ProfileError
from offhook.board.profile import load as load_profile
from offhook.phone.dial_plan import DialPlan, DialPlanError
from offhook.service.config import ConfigError, Settings, load
from offhook.service.schema import Problem


def check(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Problem, ...]:
    """All problems of the file, of the password, and of what the file points at."""
    try:
        settings = load(path, environment)
    except ConfigError as error:
        return error.problems
    return (*_board(settings), *_dial_plan(settings))


def _board(settings: Settings) -> tuple[Problem, ...]:
    try:
        load_profile(settings.board)
    except ProfileError as error:
        what = str(error).removesuffix(".")  # it names the profile's file, key, value and remedy
        remedy = "Mend that, or name another profile in [board]."
        return (Problem(str(settings.source), "board.profile", settings.board, what, remedy),)
    return ()


def _dial_plan(settings: Settings) -> tuple[Problem, ...]:
    dialling = settings.phone.dialling
    try:
        DialPlan(dialling.dial_plan, dialling.emergency)
    except DialPlanError as error:
        key, remedy = (
            "phone.dialling.dial_plan",
            "Mend the plan; until then the last good one holds.",
        )
        return (Problem(str(settings.source), key, dialling.dial_plan, str(error), remedy),)
    return ()
