"""What PyTorch's users expect and no lesson builds, made of the operations that lessons build.

Ordinary hand-written modules, by subject. They import lessons' modules: one whose lesson is not complete yet is left
out of `from tinytorch import *`, and says which lesson it needs when one of its names is asked for. An operation that
is not a line of others is a Primitive here, with its gradient rule beside it.
"""
