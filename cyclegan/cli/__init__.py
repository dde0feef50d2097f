"""The training verbs of the `cyclegan` command: train, distill, export, evaluate, import, doctor.

Torch is imported inside the verbs that need it, so that `--help` answers at once.
"""

import sys


def main() -> None:
    """Run the training verbs alone to their exit code: `python -m cyclegan`."""
    try:
        from cyclegan.cli import command  # lazy: Ctrl-C may come while it is imported

        command.main()
    except KeyboardInterrupt:
        from cyclegan.cli.exits import EXIT_INTERRUPTED

        sys.exit(EXIT_INTERRUPTED)
