"""Running a lesson's cells in a process of its own, and saying what came of it."""
