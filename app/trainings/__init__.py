"""Trainings that were started from the page: processes of their own that outlive the server.

All that is known of one lies in its run folder: what `cyclegan train` writes there, and in
`server.json` what was asked for (orders.py). Where a run stands is read in standing.py, what can be
made of it in checkpoints.py; runs.py starts and ends it, and pictures.py knows what it learns from.
What that looks like is told in app/web/.
"""
