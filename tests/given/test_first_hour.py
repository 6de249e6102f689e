"""What a PyTorch user types in the first hour: the same text run with torch and with tinytorch gives the same."""

from __future__ import annotations

import importlib
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch

import tinytorch

RANDOM = np.random.default_rng(0)
NUMBERS = {
    "x": RANDOM.normal(size=(2, 3, 4)), "m": RANDOM.normal(size=(3, 4)), "n": RANDOM.normal(size=(4, 5)),
    "s": RANDOM.normal(size=(4, 4)), "v": RANDOM.normal(size=4), "p": RANDOM.uniform(0.5, 2.0, size=(3, 4)),
    "one": np.array(-1.5), "special": np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.0, -1.0, 2.5, -2.5, 3.0]),
    "ties": np.array([[1.0, 3.0, 3.0, 2.0], [0.0, 0.0, -1.0, 0.0], [5.0, 5.0, 5.0, 5.0]]),
}  # fmt: skip
PLAIN = {
    "i": np.array([[1, 0, 2], [3, 3, 0]]), "k": np.array([5, -3, 7, 2]), "b": NUMBERS["m"] > 0,
    "a": NUMBERS["m"] < 0.5, "labels": np.array([2, 0, 1]),
}  # fmt: skip

CREATION = """
torch.tensor([1, 2, 3])
torch.tensor([1.0, 2])
torch.tensor([[True, False]])
torch.tensor(3)
torch.tensor(2.5)
torch.tensor([])
torch.tensor([1, 2], dtype=torch.float64)
torch.tensor([1.5, 2.5], dtype=torch.long)
torch.tensor([True, 2])
torch.tensor([torch.tensor(1), torch.tensor(2)])
torch.tensor([True, 2.5])
torch.Tensor([1, 2])
torch.zeros(2, 3)
torch.zeros((2, 3), dtype=torch.int64)
torch.zeros([])
torch.ones(3, dtype=torch.bool)
torch.ones(2, 3, requires_grad=True)
torch.full((2, 2), 7)
torch.full((2, 2), 7.0)
torch.full((2,), True)
torch.full((2,), 1, dtype=torch.float16)
torch.eye(3)
torch.eye(2, 3)
torch.arange(5)
torch.arange(1, 4)
torch.arange(0, 1, 0.25)
torch.arange(5.0)
torch.arange(5, 0, -2)
torch.arange(3, dtype=torch.float32)
torch.linspace(0, 1, 5)
torch.linspace(-2, 2, steps=3)
torch.zeros_like(x)
torch.ones_like(i)
torch.full_like(x, 2)
torch.zeros_like(i, dtype=torch.float32)
torch.from_numpy(i.numpy())
torch.rand(2, 3) * 0
torch.randn(3) * 0
torch.randint(0, 10, (2, 3)) * 0
torch.randint(10, (4,)) * 0
torch.randperm(5).sort().values
torch.rand_like(x) * 0
x.new_zeros(2, 2)
i.new_ones(3)
x.new_full((2,), 3.5)
x.new_tensor([1, 2])
"""
SHAPES = """
torch.cat([x, x], dim=0)
torch.cat((x, x * 2), dim=-1)
torch.cat([i, x[0, :2, :3]], 1)
torch.concat([m, m])
torch.stack([m, m * 2])
torch.stack([m, m], dim=-1)
torch.hstack([m, m])
torch.vstack([v, v])
torch.split(x, 2, dim=2)[1]
x.split([1, 3], dim=-1)[1]
x.chunk(3, dim=1)[2]
torch.chunk(v, 3)[1]
torch.unbind(x, 1)[1]
x.view(6, 4)
x.view(-1)
x.view(2, -1)
x.reshape(4, 6)
x.flatten()
x.flatten(1)
torch.flatten(x, start_dim=1)
x.unsqueeze(0)
x.unsqueeze(-1)
torch.unsqueeze(x, 1)
x.unsqueeze(1).squeeze(1)
torch.squeeze(x[:1])
x.squeeze()
m.expand(2, 3, 4)
v.unsqueeze(0).expand(3, -1)
v.repeat(2, 2)
m.repeat(1, 2)
m.t()
m.T
torch.t(m)
x.transpose(1, 2)
torch.transpose(x, 0, 2)
x.permute(2, 0, 1)
torch.permute(x, (1, 0, 2))
x.size()
x.size(1)
x.size(-1)
x.shape
x.dim()
x.ndim
x.numel()
torch.numel(x)
len(x)
torch.is_tensor(x)
x.is_floating_point()
x.contiguous()
x.clone()
x.detach()
x.view_as(x)
torch.flip(x, [0, 2])
x.flip(1)
torch.roll(x, 1, dims=0)
v.roll(2)
torch.movedim(x, 0, -1)
x.swapaxes(0, 1)
v.repeat_interleave(2)
torch.repeat_interleave(m, 2, dim=1)
torch.unique(i)
torch.unique(i, return_inverse=True, return_counts=True)
torch.bincount(labels)
torch.bincount(labels, minlength=6)
torch.is_grad_enabled()
"""
NUMERIC = """
x + 1
1 - x
x * x
2 / p
x ** 2
-x
abs(x)
x.add(1)
torch.add(x, x, alpha=2)
torch.sub(x, 1)
torch.mul(x, x)
torch.div(x, 2)
torch.div(x, 0.3, rounding_mode="floor")
torch.div(x, 0.3, rounding_mode="trunc")
x.detach() // 0.5
k // 2
7 // p.detach()
k % 3
x % 1
torch.floor_divide(k, 2)
torch.remainder(k, -3)
x.abs()
torch.abs(k)
torch.exp(x)
torch.log(p)
torch.sqrt(p)
x.sin()
torch.cos(x)
torch.log1p(p)
torch.expm1(x)
torch.log2(p)
torch.log10(p)
torch.rsqrt(p)
p.reciprocal()
torch.erf(x)
torch.square(x)
x.pow(3)
torch.pow(p, 0.5)
torch.sign(x)
x.floor()
x.ceil()
x.round()
torch.round(x, decimals=1)
torch.trunc(x)
x.clamp(-0.5, 0.5)
x.clamp(min=0)
torch.clamp(x, max=0.1)
torch.clip(x, 0, 1)
x.clamp(min=v)
k.clamp(0, 3)
k.clamp(min=0.5)
torch.minimum(x, v)
torch.maximum(x, v)
torch.matmul(m, n)
m @ n
m.matmul(n)
torch.mm(m, n)
torch.bmm(x, x.transpose(1, 2))
torch.mv(m, v)
torch.dot(v, v)
torch.outer(v, v)
torch.einsum("ij,jk->ik", m, n)
torch.einsum("bij,bkj->bik", x, x)
torch.einsum("ij->ji", m)
torch.einsum("ii->", s)
torch.einsum("ii->i", s)
torch.einsum("ij", m)
torch.einsum("i,i", v, v)
torch.einsum("i,j->ij", v, v)
torch.einsum("...ij,jk->...ik", x, n)
torch.einsum("bhd,bld,d->hl", x, x, v)
"""
REDUCTIONS = """
x.sum()
x.sum(dim=1)
x.sum(dim=(0, 2), keepdim=True)
x.sum(-1, keepdim=True)
torch.sum(x, 1)
torch.sum(x, dim=1, keepdim=True)
x.mean(dim=0)
torch.mean(x)
x.mean((0, 1))
b.sum()
x.max()
torch.max(x)
x.max(dim=1).values
x.max(dim=1).indices
torch.max(x, 1)[0]
torch.max(x, 1)[1]
torch.max(x, dim=-1, keepdim=True)
torch.max(x, v)
x.min(dim=2)
torch.min(x, 0)[0]
x.amax(dim=1)
torch.amin(x, (0, 1))
x.argmax()
x.argmax(dim=1)
x.argmax(-1, keepdim=True)
torch.argmax(x, dim=1)
torch.argmin(x, 0)
x.topk(2)
torch.topk(x, 2, dim=1, largest=False)
x.sort()[0]
torch.sort(v, descending=True)
torch.argsort(v)
x.var()
x.var(dim=1)
x.var(dim=1, unbiased=False)
x.var(1, correction=0, keepdim=True)
torch.var(x, dim=(0, 2))
x.std()
x.std(dim=0, keepdim=True)
torch.std(x, 1)
x.logsumexp(dim=1)
torch.logsumexp(x, (0, 1), keepdim=True)
x.cumsum(1)
torch.cumsum(k, dim=0)
b.cumsum(0)
torch.cumprod(v, 0)
p.prod()
torch.prod(p, 1)
x.norm()
x.norm(dim=1)
torch.norm(x, p=1, dim=-1)
x.norm(float("inf"))
v.median()
"""
LOGIC = """
x > 0
x >= v
k == 2
x != 0
torch.eq(k, 2)
torch.gt(x, 0)
b & a
b | a
b ^ a
~b
k & 3
~k
(x > 0) & (x < 1)
torch.logical_and(b, a)
torch.logical_not(b)
b.all()
b.any()
b.all(dim=1)
torch.any(b, 0, keepdim=True)
(x > 100).any()
torch.isclose(x, x + 1e-9)
torch.allclose(x, x)
torch.equal(m, m + 1)
torch.isnan(special)
torch.isinf(special)
torch.isfinite(special)
"""
SELECTING = """
x[0]
x[:, 1]
x[..., -1]
x[0, 1, 2]
x[x > 0]
m[labels]
m[labels, labels]
x[:, None]
m.masked_fill(b, 0)
m.masked_fill(b, float("-inf")).softmax(-1)
torch.masked_fill(k, k > 2, -1)
torch.masked_select(m, b)
m.tril()
torch.triu(m, diagonal=1)
torch.tril(torch.ones(3, 3))
torch.where(b, m, 0.0)
torch.where(b, 0, m)
torch.where(b, m, m * 2)
torch.where(b, 1, 0)
torch.where(b, 1.0, 0)
torch.where(b, True, False)
torch.where(b, 1, i[0, 0])
torch.gather(m, 1, labels.unsqueeze(1))
m.gather(0, labels.view(1, 3))
torch.zeros(3, 4, dtype=torch.float64).scatter_add(1, i[:, :2], m[:2, :2])
m.index_select(0, labels)
torch.index_select(m, 1, labels)
torch.nonzero(b)
F.one_hot(labels)
F.one_hot(labels, num_classes=5)
F.one_hot(labels, 4).float()
F.pad(m, (1, 2))
F.pad(m, (1, 1, 2, 0), value=-1.0)
F.pad(m, (1, 1), mode="reflect")
"""
ACTIVATIONS = """
x.relu()
x.sigmoid()
x.tanh()
x.softmax(dim=1)
x.softmax(-1)
x.log_softmax(dim=-1)
torch.relu(x)
torch.sigmoid(x)
torch.tanh(x)
torch.softmax(x, dim=1)
torch.log_softmax(x, dim=1)
F.relu(x)
F.gelu(x)
F.gelu(x, approximate="tanh")
F.softmax(x, dim=-1)
F.log_softmax(x, dim=-1)
F.sigmoid(x)
F.tanh(x)
F.leaky_relu(x)
F.leaky_relu(x, 0.2)
F.silu(x)
F.softplus(x)
F.softplus(x, beta=2.0, threshold=1.0)
F.elu(x)
F.elu(x, alpha=0.5)
nn.ReLU()(x)
nn.Tanh()(x)
nn.Sigmoid()(x)
nn.GELU()(x)
nn.Softmax(dim=1)(x)
nn.LogSoftmax(dim=1)(x)
nn.LeakyReLU(0.1)(x)
nn.SiLU()(x)
nn.Softplus()(x)
nn.ELU()(x)
F.mse_loss(m, m * 2)
F.cross_entropy(m, labels)
F.binary_cross_entropy_with_logits(m, b.double())
F.dropout(x, 0.5, training=False)
F.layer_norm(x, (4,))
F.layer_norm(x, (3, 4))
F.layer_norm(x, (4,), v, v)
F.embedding(labels, m)
F.normalize(m, dim=1)
"""
TYPES = """
x.float()
x.half()
x.double()
x.bfloat16()
x.long()
x.int()
x.bool()
i.float()
x.to(torch.float32)
x.to("cpu")
x.to(torch.device("cpu"))
x.to("cpu", torch.float16)
x.to(dtype=torch.int64)
x.to(i)
x.type_as(i)
x.cpu()
x.dtype == torch.float64
torch.float32 == torch.float
i.dtype == torch.long
str(x.device)
torch.cuda.is_available()
x.tolist()
v[0].item()
x.is_leaf
(x * 2).is_leaf
x.requires_grad
f"{one:.2f}"
float(one.detach())
int(one.detach())
bool(b[0, 0])
i.long() % 2 == 0
"""
GROUPS = {
    "creation": CREATION, "shapes": SHAPES, "numeric": NUMERIC, "reductions": REDUCTIONS, "logic": LOGIC,
    "selecting": SELECTING, "activations": ACTIVATIONS, "types": TYPES,
}  # fmt: skip
CALLS = [line for group in GROUPS.values() for line in group.strip().splitlines()]

STATEMENTS = {
    "a weight updated by hand": "loss = (m * m).sum()\nloss.backward()\nwith torch.no_grad():\n    m -= 0.1 * m.grad",
    "an item set under no_grad": "with torch.no_grad():\n    m[0, 1] = 5.0\n    m[1] = 0",
    "zeroed gradients": "(m * m).sum().backward()\nm.grad.zero_()\n(m * 3).sum().backward()\nm = m.grad",
    "filled": "m = m.detach()\nm.fill_(2.0)\nm[0].zero_()",
    "copied": "with torch.no_grad():\n    m.copy_(v)",
    "added in place": "m = m.detach()\nm.add_(1.0).mul_(2.0).sub_(v.detach(), alpha=2).div_(4.0).clamp_(-1, 1)",
    "masked in place": "m = m.detach()\nm.masked_fill_(b, -1.0)",
    "asked for a gradient later": "m = m.detach().requires_grad_()\n(m ** 3).sum().backward()\nm = m.grad",
    "nothing recorded": "with torch.inference_mode():\n    n = m * 2\nm = torch.tensor(n.requires_grad)",
    "recorded again": "with torch.no_grad():\n    with torch.enable_grad():\n        m = m * 2",
    "a graph used twice": "loss = (m ** 3).sum()\nloss.backward(retain_graph=True)\nloss.backward()\nm = m.grad",
    "a decorator": "@torch.no_grad()\ndef f(z):\n    return z * 2\nm = f(m)",
    "initialised": "nn.init.constant_(m, 0.5)\nnn.init.zeros_(m[0].detach())",
    "clipped": "(m * m).sum().backward()\nnn.utils.clip_grad_norm_([m], 0.5)\nm = m.grad",
}  # fmt: skip


def namespace(library: Any, requires_grad: bool) -> dict[str, Any]:
    """The names of a program that begins with `import torch`, one of the two, as torch."""
    name = library.__name__
    nn, functional = (importlib.import_module(f"{name}.{part}") for part in ("nn", "nn.functional"))
    kept = {"torch": library, "nn": nn, "F": functional}
    kept |= {key: library.tensor(array, requires_grad=requires_grad) for key, array in NUMBERS.items()}
    return kept | {key: library.tensor(array) for key, array in PLAIN.items()}


def array_of(result: Any) -> np.ndarray:
    if isinstance(result, torch.Tensor):
        plain = result.detach()
        return plain.float().numpy().astype(ml_dtypes.bfloat16) if plain.dtype == torch.bfloat16 else plain.numpy()
    return result.detach().numpy()


def same(got: Any, wanted: Any) -> None:
    """Assert that two results are equal in kind, type, shape and numbers."""
    if isinstance(wanted, torch.Tensor):
        mine, theirs = array_of(got), array_of(wanted)
        assert (mine.dtype, mine.shape, got.requires_grad) == (theirs.dtype, theirs.shape, wanted.requires_grad)
        tolerance = {"float16": 1e-3, "bfloat16": 1e-2, "float32": 1e-5}.get(mine.dtype.name, 1e-9)
        assert np.allclose(mine.astype(float), theirs.astype(float), rtol=tolerance, atol=tolerance, equal_nan=True)
    elif isinstance(wanted, tuple) and not isinstance(wanted, torch.Size):
        assert len(got) == len(wanted)
        for mine, theirs in zip(got, wanted, strict=True):
            same(mine, theirs)
    else:
        assert got == (tuple(wanted) if isinstance(wanted, torch.Size) else wanted)
        assert type(got) is (tuple if isinstance(wanted, torch.Size) else type(wanted))


def total(result: Any) -> Any:
    """One number that depends on all that carries a gradient in the result; None where nothing does."""
    parts = [part for part in (result if isinstance(result, tuple) else (result,)) if type(part).__name__ == "Tensor"]
    parts = [(part.float() * part.float()).sum() for part in parts if part.requires_grad]
    return sum(parts) if parts else None


@pytest.mark.parametrize("call", CALLS)
def test_a_call(call):
    ours, theirs = namespace(tinytorch, True), namespace(torch, True)
    got, wanted = (eval(call, names) for names in (ours, theirs))
    same(got, wanted)
    losses = total(got), total(wanted)
    if losses[1] is not None:
        for loss in losses:
            loss.backward()
        for name in NUMBERS:
            mine, right = ours[name].grad, theirs[name].grad
            assert (mine is None) == (right is None), name
            if right is not None:
                same(mine.float(), right.float())


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    ours, theirs = namespace(tinytorch, True), namespace(torch, True)
    for names in (ours, theirs):
        exec(STATEMENTS[name], names)
    same(ours["m"], theirs["m"])


def test_the_list_is_long_enough_and_has_nothing_twice():
    assert len(CALLS) == len(set(CALLS)) >= 120
