"""`python -m app`: start the app in the browser; the flags are those of `cyclegan serve`."""

import sys

from app.cli import main

sys.argv.insert(1, "serve")
main()
