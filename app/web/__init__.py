"""The page in the browser: a Gradio app around the models of a folder.

What models do to pictures is in app/translator.py, what is installed in app/store.py.
"""

import os

# Gradio reads this when it is imported, and would otherwise report to its makers.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from app.web.stubs import leave_stubs_alone
from cyclegan.contract.errors import DependencyError

leave_stubs_alone()
try:
    from app.web.page import TRAINING_ROOT, Allowed, build
    from app.web.server import launch
except ModuleNotFoundError as error:
    if error.name != "gradio":
        raise
    raise DependencyError(
        "the page in the browser needs gradio, which is not installed; "
        "run: pip install 'cyclegan[web]'"
    ) from error

__all__ = ["TRAINING_ROOT", "Allowed", "build", "launch"]
