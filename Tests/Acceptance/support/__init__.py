"""What the acceptance tests share: a server to start and kill, a stream read byte by byte, processes looked at through /proc."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
RECIPES = Path(__file__).resolve().parents[1] / "recipes"

Value = TypeVar("Value")


def until(condition: Callable[[], Value], seconds: float = 10.0, what: str = "") -> Value:
    """Polls until `condition` is true, and returns its value; fails after `seconds`, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(0.02)
