"""`python -m cyclegan`: the training verbs alone."""

from cyclegan.cli import main

main()
