"""tinytorch.profiling: modules exported from the lessons. `tito module list` shows which lesson makes which."""
