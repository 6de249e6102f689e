"""Courses for nbgrader: made, and what is handed in to them read and run by tito's own runner."""
