"""What an event of the page answers."""

from typing import Any

Updates = dict[Any, Any]  # Gradio: component -> its new value
