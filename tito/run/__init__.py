"""Running a lesson's cells in a process of its own, and saying what came of it."""

CELL_LIMIT = 60  # seconds one cell may take: for the commands, the runner and nbgrader
