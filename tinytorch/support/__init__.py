"""What the lessons use and do not teach: ordinary modules, tested by hand-written tests, that import no lesson."""
