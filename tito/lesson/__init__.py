"""Lessons: their cells, the Python in them, the formats they lie in, and the rules they keep."""
