"""The `cyclegan` command: serve, convert and models; the training verbs are in cyclegan/cli/.

What is printed is made in app/terminal.py. Results go to stdout, progress and errors to stderr.
numpy, onnxruntime, rich and gradio are imported by the verbs that need them, so that `--help`
answers at once.
"""

import sys


def main() -> None:
    """Run the command to its exit code."""
    try:
        from app.cli import command  # lazy: Ctrl-C may come while it is imported

        command.main()
    except KeyboardInterrupt:
        from cyclegan.cli.exits import EXIT_INTERRUPTED

        sys.exit(EXIT_INTERRUPTED)
