"""Speed beside the reference, measured in one run; `python -m benchmarks` prints it."""
