"""Jobs: many pictures at once, translated on a server while nobody needs to wait or watch.

A job is a folder with what was sent (`in/`) and what became of it (`out/`), which the engine of
`cyclegan convert` fills (app/batch.py) and which ends as one zip. What is known of it is in a
database (records.py), so that neither a page that is closed nor a server that is killed loses it.
"""
