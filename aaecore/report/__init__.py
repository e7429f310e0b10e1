"""Pages about trained runs: one run's report, and runs side by side; each one HTML file that needs no network."""

from aaecore.report.compare import compare
from aaecore.report.page import write_report
from aaecore.report.side_by_side import write_comparison

__all__ = ["compare", "write_comparison", "write_report"]
