"""What tests of the Photo tab share: how large their photo is, and when another result is shown."""

from collections.abc import Callable
from typing import Any

HEIGHT, WIDTH = 60, 90  # pixels


def wait_for_change(page: Any, act: Callable[[], None]) -> None:
    """Do something that lets the page show another result."""
    after = page.get_by_role("img", name="After")
    earlier = after.get_attribute("src")
    act()
    page.wait_for_function(
        "earlier => document.querySelector('.stage img').getAttribute('src') !== earlier",
        arg=earlier,
    )
