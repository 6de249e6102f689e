"""A student's file: which cell of the lesson each of its cells is, how it is judged, and carried over."""
