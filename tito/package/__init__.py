"""The package that the lessons are exported to."""
