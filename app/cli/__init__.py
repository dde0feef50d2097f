"""The `cyclegan` command: serve, convert and models; the training verbs are in cyclegan/cli/.

What is printed is made in app/terminal.py. Results go to stdout, progress and errors to stderr.
numpy, onnxruntime, rich and gradio are imported by the verbs that need them, so that `--help`
answers at once.
"""

from app.cli.command import main

__all__ = ["main"]
