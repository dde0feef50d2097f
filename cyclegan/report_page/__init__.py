"""`report.html` of a run folder: what a training has done so far, in one file for a browser.

It is made of the run folder's own files alone, those of older runs too, and asks no network for
anything. `history.py` reads the log, `sheets.py` the sample sheets, `commands.py` says how to go
on, `page.py` puts it together and `page.html` says where.

The curves are drawn by uPlot 1.6.32 (MIT), which is here as `npm pack uplot` gives it.
"""

from cyclegan.report_page.page import REPORT, write_report

__all__ = ["REPORT", "write_report"]
