"""torch.optim's names: the optimizers that lesson 06 builds, as in `from tinytorch import optim`."""

from tinytorch.support.by_name import namespace

__getattr__, __dir__ = namespace(
    __name__,
    ("tinytorch.core.optimizers",),
    lambda name: name[0].isupper(),
    {"lr_scheduler": "write tinytorch.CosineSchedule(...), or set optimizer.lr before each step"},
)
