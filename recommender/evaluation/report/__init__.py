"""The page that people read of an evaluation, and the files beside it."""

from recommender.evaluation.report.document import render
from recommender.evaluation.report.windows import write_windows
from recommender.evaluation.report.writing import write_report

__all__ = ["render", "write_report", "write_windows"]
