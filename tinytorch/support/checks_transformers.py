"""What the checks of the lesson on transformers share: each asks the learner's class or function about a case.

`idea` is what the sentence of a failed comparison ends with. `Tensor` and `Module` are the lessons' classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, raises, typed, unchanged
from tinytorch.support.state import state

GPT2 = 0.02  # the standard deviation of GPT-2's weights at the start
SHARED = "draw from generator(), so that manual_seed repeats it"


class Uniform:
    """A generator of random numbers in which `random` hands out the numbers given here, one after another."""

    def __init__(self, *numbers: float):
        self.left, self.asked = list(numbers), 0

    def random(self, size: Any = None) -> Any:
        count = 1 if size is None else math.prod(size) if isinstance(size, tuple) else int(size)
        self.asked += count
        taken, self.left = (self.left + [0.5] * count)[:count], self.left[count:]
        return taken[0] if size is None else np.array(taken).reshape(size)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"draw called {name} of its generator: take one number of random() for each row")


# ---- layers


def shapes(what: str, module: Any, wanted: dict[str, tuple[int, ...]]) -> None:
    """The parameters of `module` have these names and shapes, in any order."""
    got = {name: array.shape for name, array in module.state_dict().items()}
    equal(f"the names and shapes of the parameters of {what}", dict(sorted(got.items())), dict(sorted(wanted.items())))


def linear_shapes(name: str, inner: int, outer: int) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a Linear's parameters."""
    return {f"{name}.weight": (inner, outer), f"{name}.bias": (outer,)}


def mlp_shapes(width: int, prefix: str = "") -> dict[str, tuple[int, ...]]:
    """The names and shapes of an MLP's parameters."""
    return linear_shapes(f"{prefix}fc", width, 4 * width) | linear_shapes(f"{prefix}proj", 4 * width, width)


def block_shapes(width: int) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a block's parameters."""
    norms = {f"{norm}.{name}": (width,) for norm in ("ln_1", "ln_2") for name in ("weight", "bias")}
    attention = linear_shapes("attn.in_proj", width, 3 * width) | linear_shapes("attn.out_proj", width, width)
    return norms | attention | mlp_shapes(width, "mlp.")


def stirred(module: Any, seed: int = 0) -> Any:
    """`module` with other numbers in all its parameters, the same for the same seed: none is left at 0 or 1."""
    rng = np.random.default_rng(seed)
    for parameter in module.parameters():
        parameter.data[...] = rng.normal(0.3, 0.5, parameter.shape)
    return module


def mlp_follows(kind: Callable, config: Any, Tensor: type, shape: tuple[int, ...], idea: str) -> None:
    """An MLP's output is that of its two layers with the config's activation between them; dropout comes last."""
    what = f"the MLP of width {config.n_embd} for x of shape {shape}"
    mlp = stirred(kind(config)).eval()
    x = Tensor(np.random.default_rng(1).normal(size=shape).astype(np.float32))
    with unchanged(what, "leave x as it is", x=x.data), explained(what, idea):
        got = mlp(x)
    wide = x.data @ mlp.fc.weight.data + mlp.fc.bias.data
    wanted = config.activation(Tensor(wide)).data @ mlp.proj.weight.data + mlp.proj.bias.data
    close(what, got, wanted, idea, rtol=1e-4, atol=1e-4)
    _reaches(what, got, mlp)
    _same_gradients(what, mlp, lambda: mlp(x), lambda: mlp.proj(config.activation(mlp.fc(x))))
    mlp.train()
    found = [mlp(x).data / wanted for _ in range(30)]
    _multiples(f"{what}, in training with dropout {config.dropout}: its numbers", found,
               [0.0, round(1 / (1 - config.dropout), 2)] if config.dropout else [1.0], "dropout comes last")
    alike = (np.array(found) == 0).reshape(-1, config.n_embd)
    assert not config.dropout or (alike.any(axis=1) > alike.all(axis=1)).any(), (
        f"{what}, in training: of each token all numbers were dropped or none: each is dropped by itself"
    )


def block_follows(kind: Callable, config: Any, Tensor: type, shape: tuple[int, ...], idea: str) -> None:
    """A block adds attention of the normed input, then the MLP of the normed sum; nothing leaks from the future."""
    what = f"the Block of width {config.n_embd} for x of shape {shape}"
    block = stirred(kind(config)).eval()
    x = Tensor(np.random.default_rng(2).normal(size=shape).astype(np.float32))
    with unchanged(what, "leave x as it is", x=x.data), explained(what, idea):
        got = block(x)
    later = x.data.copy()
    later[:, -1] *= -2
    close(f"{what}, the last token changed: the others' numbers", block(Tensor(later)).data[:, :-1],
          got.data[:, :-1], "no token is told of those after it: is_causal", rtol=1e-4, atol=1e-4)
    equal(f"{what}: the heads of its attention", block.attn.num_heads, config.n_head, "the config says how many")
    attended = block.attn(block.ln_1(x), is_causal=True)[0]
    middle = x + attended
    close(what, got, (middle + block.mlp(block.ln_2(middle))).data, idea, rtol=1e-4, atol=1e-4)
    _reaches(what, got, block)

    def composed() -> Any:
        middle = x + block.attn(block.ln_1(x), is_causal=True)[0]
        return middle + block.mlp(block.ln_2(middle))

    _same_gradients(what, block, lambda: block(x), composed)


def block_drops(kind: Callable, config: Any, Tensor: type) -> None:
    """At dropout 0.5 a block drops attention weights, what attention gives, and what the MLP gives, each by itself."""
    x = Tensor(np.random.default_rng(3).normal(size=(2, 8, config.n_embd)).astype(np.float32))
    block = stirred(kind(config)).train()
    block.mlp, attend = (lambda y: y * 0), block.attn.eval()
    reference = attend(block.ln_1(x), is_causal=True)[0].data
    with np.errstate(all="ignore"):
        found = (block(x).data - x.data) / reference
    _multiples("a Block in training, dropout 0.5: what attention adds", found, [0.0, 2.0],
               "drop what attention gives, then add x")
    block.drop.eval(), block.attn.train()
    first, second = (block(x).data for _ in range(2))
    assert not np.array_equal(first, second), (
        "a Block in training, dropout 0.5: its attention dropped nothing: pass the config's dropout to it"
    )
    block = stirred(kind(config)).train()
    block.attn = lambda *inputs, **options: (inputs[0] * 0, None)
    block.drop.eval()
    first, second = (block(x).data for _ in range(2))
    assert not np.array_equal(first, second), "a Block in training, dropout 0.5: its MLP dropped nothing"
    block.drop.train()
    block.mlp = lambda y: y * 0 + 1
    _multiples("a Block in training, dropout 0.5: what comes out of the MLP", block(x).data - x.data, [1.0],
               "the MLP has seen to its own dropout")


def _reaches(what: str, out: Any, module: Any) -> None:
    """The gradient of the sum of `out` reaches every parameter of `module`."""
    out.sum().backward()
    without = [name for name, p in module.named_parameters() if p.grad is None]
    assert not without, f"{what}: no gradient reached {without[0]}: use operations of tensors all the way"
    module.zero_grad()


def _same_gradients(what: str, module: Any, ours: Callable[[], Any], composed: Callable[[], Any]) -> None:
    """A weighted sum of `ours()` gives each parameter of `module` the gradient that one of `composed()` gives it."""
    found: list[dict[str, np.ndarray]] = []
    for run in (ours, composed):
        out = run()
        (out * type(out)(np.random.default_rng(9).normal(size=out.shape).astype(out.data.dtype))).sum().backward()
        found.append({name: p.grad.data.copy() for name, p in module.named_parameters()})
        module.zero_grad()
    for name, wanted in found[1].items():
        close(f"{what}: the gradient of {name}", found[0][name], wanted, "it comes by every way on which it is used",
              rtol=1e-3, atol=1e-4 * float(np.abs(wanted).max()))


def _multiples(what: str, found: Any, wanted: list[float], idea: str) -> None:
    """Numbers divided by those without dropout are `wanted` and nothing else."""
    shares = sorted(set(np.round(np.array(found, float), 2).reshape(-1).tolist()))
    assert shares == wanted, f"{what} were {shares[:3]} times those without dropout, wanted {wanted}: {idea}"


# ---- start


def starts_as_gpt2(initialize: Callable, model: Any, manual_seed: Callable, generator: Callable) -> None:
    """After `initialize(model)` each parameter has GPT-2's spread; the generator is the shared one."""
    depth = len(model.blocks)
    held = dict(model.named_parameters())
    norms = {name: p for name, p in held.items() if ".ln_" in f".{name}"}
    for p in norms.values():
        p.data += np.float32(0.5)  # no longer what they start with
    norms = {name: p.data.copy() for name, p in norms.items()}
    manual_seed(3)
    outcome("initialize", lambda: initialize(model), "every weight of a Linear or an Embedding")
    for name, p in model.named_parameters():
        assert held.get(name) is p, f"initialize put a new object in the place of {name}: change its numbers"
        typed(f"{name} after initialize", p, np.float32, "in place: `p.data[...] = numbers` keeps the type")
        if name in norms:
            same = np.array_equal(p.data, norms[name])
            assert same, f"initialize changed {name}, of a layer norm: layer norms stay as they are"
        elif name.endswith("bias"):
            equal(f"the largest of {name} after initialize", float(np.abs(p.data).max()), 0.0, "biases start at 0")
        else:
            last = name.endswith(("out_proj.weight", "mlp.proj.weight"))
            _spread(f"{name} of {depth} blocks", p.data, GPT2 / math.sqrt(2 * depth) if last else GPT2)
    first = model.state_dict()
    manual_seed(3)
    initialize(model)
    same = all(np.array_equal(array, first[name]) for name, array in model.state_dict().items())
    assert same, f"initialize gave other numbers after the same manual_seed: {SHARED}"
    initialize(model)
    again = {name: array for name, array in model.state_dict().items() if array.ndim > 1}
    kept = [name for name, array in again.items() if np.array_equal(array, first[name])]
    assert not kept, f"initialize gave {kept[0]} the same numbers twice: {SHARED}"


def _spread(what: str, numbers: np.ndarray, wanted: float) -> None:
    """Normal numbers around 0 with the standard deviation `wanted`, as far as so many of them can show it."""
    got, root = float(numbers.std()), math.sqrt(numbers.size)
    assert abs(got / wanted - 1) < 3 / root, f"{what}: standard deviation {got:.5f}, wanted about {wanted:.5f}"
    assert abs(numbers.mean()) < 4 * wanted / root, f"{what}: mean {numbers.mean():.5f}, wanted 0"
    beyond = float(np.mean(np.abs(numbers) > 2 * wanted))
    assert abs(beyond - 0.0455) < 0.85 / root, (
        f"{what}: {beyond:.1%} of the numbers are beyond 2 standard deviations, wanted about 4.6%: are they normal?"
    )
    assert numbers.size < 10_000 or np.abs(numbers).max() > 3.2 * wanted, (
        f"{what}: of {numbers.size} numbers none is beyond 3.2 standard deviations: do not cut them off"
    )


# ---- the whole


def ties(tied_logits: Callable, Tensor: type, interceptor: type, shape: tuple[int, ...], rows: int) -> None:
    """Values and gradients of x @ weight transposed, in one product of two matrices."""
    rng, what = np.random.default_rng(4), f"tied_logits of {shape} by {(rows, shape[-1])}"
    x, weight = (Tensor(20 * rng.normal(size=size), requires_grad=True) for size in (shape, (rows, shape[-1])))
    with explained(what, "rows of x by columns of weight transposed"):
        got = tied_logits(x, weight)
    close(what, got, x.data @ weight.data.T, "x @ weight transposed", rtol=1e-6)
    g = rng.normal(size=got.shape)
    (got * Tensor(g)).sum().backward()
    for name, p, wanted in (("x", x, g @ weight.data),
                            ("weight", weight, g.reshape(-1, rows).T @ x.data.reshape(-1, shape[-1]))):  # fmt: skip
        assert p.grad is not None, f"{what}: no gradient reached {name}: use operations of tensors"
        close(f"{what}: the gradient with respect to {name}", p.grad, wanted, "it comes through the product", rtol=1e-6)
    ran = _products(interceptor, lambda: tied_logits(x, weight))
    count, width = math.prod(shape[:-1]), shape[-1]
    if ran != [((rows, width), (width, count))]:  # the same, turned round
        equal(f"{what}: the shapes of its products", ran, [((count, width), (width, rows))],
              "as rows of one tall matrix, one product does it")


def _products(interceptor: type, call: Callable[[], Any]) -> list[tuple]:
    """The shapes of both sides of each product that `call()` sends through `apply`; `interceptor` is lesson 01's."""
    found: list[tuple] = []

    class Seen(interceptor):
        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            if primitive.name == "matmul":
                found.append(tuple(x.shape for x in inputs))
            return super().forward(primitive, inputs, options)

    with Seen():
        call()
    return found


def gpt_follows(kind: Callable, config: Any, ids: np.ndarray, Tensor: type, idea: str) -> None:
    """A GPT's logits are those of its parts, in this order; `ids` is (B, T)."""
    what = f"the GPT for ids of shape {ids.shape}"
    model = stirred(kind(config), seed=5).eval()
    for p in model.parameters():
        p.data *= 0.3
    with unchanged(what, "leave idx as it is", idx=ids), explained(what, idea):
        got = model(ids)
    x = Tensor(model.wte.weight.data[ids] + model.wpe.weight.data[: ids.shape[1]])
    for block in model.blocks:
        x = block(x)
    wanted = model.ln_f(x).data @ model.wte.weight.data.T
    close(what, got, wanted, idea, rtol=1e-3, atol=1e-4)
    _reaches(what, got, model)

    def composed() -> Any:
        x = model.wte(ids) + model.wpe(np.arange(ids.shape[1]))
        for block in model.blocks:
            x = block(x)
        return model.ln_f(x) @ model.wte.weight.transpose()

    _same_gradients(what, model, lambda: model(ids), composed)
    for form in (ids.tolist(), Tensor(ids)):
        with explained(f"{what}, as a {type(form).__name__}", idea):
            close(f"{what}, as a {type(form).__name__}", model(form), got.data, idea)
    if config.dropout == 0:
        close(f"{what}, in training without dropout,", model.train()(ids), got.data, idea, rtol=1e-4, atol=1e-5)
        model.eval()
    seen: list[Any] = []
    model.drop = lambda x: seen.append(x.data.copy()) or x
    with _runs(model.blocks) as runs:
        model(ids)
    equal(f"{what}: the blocks that ran", runs, list(range(len(model.blocks))), "each once, in order")
    equal(f"{what}: the calls of its own drop", len(seen), 1, "once, before the blocks")
    close(f"{what}: what its own drop was given", seen[0],
          model.wte.weight.data[ids] + model.wpe.weight.data[: ids.shape[1]], "the sum of both embeddings", rtol=1e-4)


@contextmanager
def _runs(modules: Sequence[Any]) -> Iterator[list[int]]:
    """A list to which each of these modules adds its number when it runs."""
    runs: list[int] = []

    def noting(number: int, forward: Callable) -> Callable:
        return lambda x: runs.append(number) or forward(x)

    for number, module in enumerate(modules):
        module.forward = noting(number, module.forward)
    yield runs
    for module in modules:
        del module.forward


def gpt_refuses(model: Any, ids: np.ndarray) -> None:
    """More tokens than block_size, numbers that are not whole and other shapes are errors that say so."""
    block = model.config.block_size
    long = np.zeros((1, block + 3), int)
    raises(f"the GPT given {block + 3} tokens in a row", lambda: model(long), ValueError, str(block + 3), str(block))
    for token in (-1, model.config.vocab_size):
        raises(f"the GPT given token {token}", lambda token=token: model(ids * 0 + token), ValueError, str(token))
    raises("the GPT given floating numbers", lambda: model(ids * 0.5), TypeError, "whole")
    raises("the GPT given one row of tokens, without a batch,", lambda: model(ids[0]), ValueError, "(batch, time)")


# ---- batches


def windows_of(get_batch: Callable, length: int, batch: int, block: int, manual_seed: Callable) -> None:
    """Each row is a window of the text, and its targets come one later; every start comes about as often."""
    text = np.arange(100, 100 + 7 * length, 7, dtype=np.uint16)
    what = f"get_batch from {length} tokens, batch_size={batch}, block_size={block}"
    counts, fits = np.zeros(length, int), length - block
    manual_seed(11)
    draws = 150 * fits // batch + 1
    for _ in range(draws):
        with unchanged(what, "the text is only read", tokens=text), explained(what, "no window goes beyond the end"):
            x, y = get_batch(text, batch, block)
        for name, part in (("inputs", x), ("targets", y)):
            equal(f"{what}: the shape of the {name}", part.shape, (batch, block), "a row for each window")
            typed(f"{what}: the {name}", part, np.int64, "indices are int64")
        rows = (x.data - 100) / 7
        neighbours = np.array_equal(np.diff(rows), np.ones((batch, block - 1)))
        assert neighbours, f"{what} gave inputs {x.data[0].tolist()}: each row is one window of the text, in order"
        equal(f"{what}: the targets of {x.data[0].tolist()}", y.data[0].tolist(), (x.data[0] + 7).tolist(),
              "the token after each input")
        np.add.at(counts, rows[:, 0].astype(int), 1)
    expected = draws * batch / fits
    away = np.abs(counts[:fits] - expected).max() / math.sqrt(expected)
    assert away < 5 and counts[:fits].all(), (
        f"{what}: of {fits} places a window can start at, they were drawn {counts[:fits].tolist()} times: each is as "
        "likely, the first and the last too"
    )


def draws_windows(get_batch: Callable, manual_seed: Callable, generator: Callable) -> None:
    """The shared generator is what chooses, row by row, and a batch is nobody else's array."""
    text = np.arange(1000)
    manual_seed(7)
    first, second = (get_batch(text, 16, 8)[0].data for _ in range(2))
    manual_seed(7)
    again = get_batch(text, 16, 8)[0].data
    assert np.array_equal(first, again), f"get_batch gave other windows after the same manual_seed: {SHARED}"
    assert not np.array_equal(first, second), "get_batch gave the same windows twice: draw new ones each time"
    gaps = len(set(np.diff(first[:, 0]).tolist()))
    assert gaps > 3, f"get_batch: the starts of 16 windows were {first[:, 0].tolist()}: draw each by itself"
    before = generator().bit_generator.state
    get_batch(text, 16, 8)
    assert generator().bit_generator.state != before, f"get_batch did not draw from the shared generator: {SHARED}"
    x, y = get_batch(text, 4, 8)
    x.data[...] = -1
    assert (y.data >= 0).all() and (text >= 0).all(), "a batch shares its numbers with the text or with its targets"


def too_short(get_batch: Callable, length: int, block: int) -> None:
    """A text without a whole window and the token after it is refused."""
    raises(f"get_batch from {length} tokens with block_size={block}", lambda: get_batch(np.arange(length), 2, block),
           ValueError, str(length), str(block), idea="a window needs one more token, for its last target")


def covers(windows: Callable, length: int, block: int, batch: int, idea: str) -> None:
    """The windows lie one after another from the start of the text to its end."""
    text = np.random.default_rng(length).integers(1000, size=length)
    what = f"consecutive_windows of {length} tokens, block_size={block}, batch_size={batch}"
    with unchanged(what, "the text is only read", tokens=text), explained(what, idea):
        got = list(windows(text, block, batch))
    for part in (part for pair in got for part in pair):
        assert isinstance(part, np.ndarray), f"{what} gave a {type(part).__name__}, wanted arrays"
        typed(what, part, text.dtype, "the tokens as they are")
    pairs = [pair for x, y in got for pair in zip(np.ravel(x).tolist(), np.ravel(y).tolist(), strict=True)]
    wanted = list(zip(text[:-1].tolist(), text[1:].tolist(), strict=True))
    equal(f"{what}: how many (input, target) there were", len(pairs), len(wanted), idea)
    equal(f"{what}: all (input, target)", pairs, wanted, idea)
    equal(f"{what}: the shapes of the inputs", [np.shape(x) for x, _ in got], _window_shapes(length, block, batch),
          "few batches, the rest by itself")


def _window_shapes(length: int, block: int, batch: int) -> list[tuple[int, int]]:
    """The shapes of the batches of consecutive windows of a text."""
    whole, rest = divmod(length - 1, block)
    return [(min(batch, whole - start), block) for start in range(0, whole, batch)] + [(1, rest)] * bool(rest)


# ---- a model to measure and to let write


def table_model(Module: type, Tensor: type, logits: np.ndarray, block: int) -> Any:
    """A model that knows which token follows which: the logits after each token are a row of `logits` (V, V).

    `seen` notes of each call the ids, whether it was training and whether operations were recorded.
    """

    class Table(Module):
        def __init__(self) -> None:
            self.inner = Module()
            self.config = SimpleNamespace(block_size=block, vocab_size=len(logits))
            self.seen: list[tuple[np.ndarray, bool, bool]] = []

        def forward(self, idx: Any) -> Any:
            ids = np.array(idx)
            assert ids.ndim == 2, f"the model was given ids of shape {ids.shape}, wanted (B, T)"
            assert ids.shape[1] <= block, f"the model, of block_size {block}, was given {ids.shape[1]} tokens in a row"
            self.seen.append((ids, self.training or self.inner.training, state.recording))
            return Tensor(logits[ids])

    return Table()


def loss_of_text(text_loss: Callable, Module: type, Tensor: type, length: int, block: int, batch: int,
                 generator: Callable) -> None:
    """The mean over all tokens but the first, by a model whose every loss is known."""
    rng, what = np.random.default_rng(length), f"text_loss of {length} tokens, block_size {block}, batch_size={batch}"
    logits, text = rng.normal(size=(9, 9)) * 2, rng.integers(9, size=length)
    model = table_model(Module, Tensor, logits, block).train()
    model.inner.training = False
    with unchanged(what, "the text is only read", tokens=text), keeps_generator(what, generator):
        with explained(what, "look at the shapes"):
            got = text_loss(model, text, batch)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    equal(f"{what}: the type of the loss", isinstance(got, float), True, "a plain float: item()")
    close(what, got, -logs[text[:-1], text[1:]].mean(), "each token but the first counts once", rtol=1e-6)
    _undisturbed(what, model, [False])
    equal(f"{what}: the shapes of what the model was given", [ids.shape for ids, _, _ in model.seen],
          _window_shapes(length, block, batch), "each window once, batch_size of them together")
    broken = table_model(Module, Tensor, logits * np.nan, block)
    close(f"{what}, by a model whose logits are nan,", text_loss(broken, text, batch), np.nan, "a broken run shows")
    errors = [ValueError, KeyboardInterrupt]
    after_an_error("text_loss", lambda model: text_loss(model, text, batch), Module, Tensor, errors)


@contextmanager
def keeps_generator(what: str, generator: Callable) -> Iterator[None]:
    """The shared generator draws nothing in the block."""
    before = generator().bit_generator.state
    yield
    assert generator().bit_generator.state == before, f"{what} drew from the shared generator, which a training uses"


def _undisturbed(what: str, model: Any, modes: Sequence[bool]) -> None:
    """Each call came in evaluation mode without a record, and the modes are as before: training, inner not."""
    assert model.seen, f"{what}: the model was never called"
    assert not any(training for _, training, _ in model.seen), f"{what}: the model ran in training mode: evaluating"
    assert not any(recording for _, _, recording in model.seen), f"{what}: operations were recorded: no_grad"
    equal(f"{what}: the modes of the model and of a part that was in evaluation mode", (model.training,
          model.inner.training), (True, *modes), "each part gets its own mode back")


# ---- sampling


def probabilities(function: Callable, logits: Any, options: dict, wanted: Any, idea: str) -> None:
    """`function(logits, **options)` gives rows of float64 probabilities near `wanted`, and leaves the logits."""
    for dtype in ("float64", "float32"):
        given = np.array(logits, dtype)
        what = f"next_probabilities({given.tolist()}, {options}) in {dtype}"
        with unchanged(what, "the logits are only read", logits=given), explained(what, idea):
            got = function(given, **options)
        typed(what, got, np.float64, "small probabilities need float64")
        close(what, got, wanted, idea, rtol=1e-6, atol=1e-12)


def drawn(draw: Callable, rows: Sequence, numbers: Sequence[float], wanted: Sequence[int], idea: str) -> None:
    """`draw` of these rows, with these numbers from 0 to 1 for chance, gives these indices."""
    given, rng = np.array(rows, float), Uniform(*numbers)
    what = f"draw({given.tolist()}) where chance says {list(numbers)}"
    with unchanged(what, "the probabilities are only read", probabilities=given), explained(what, idea):
        got = draw(given, rng)
    equal(f"{what}: how many numbers it took", rng.asked, len(numbers), "one number for each row")
    assert isinstance(got, np.ndarray), f"{what} gave a {type(got).__name__}, wanted an array of indices"
    equal(what, got.tolist(), list(wanted), idea)
    typed(what, got, np.int64, "indices are int64")


def writes(generate: Callable, Module: type, Tensor: type, generator: Callable, prompt: Any, count: int,
           options: dict) -> None:
    """`generate` continues each row as the model's table says, within block_size, and disturbs nothing."""
    size, block = 7, 4
    logits = np.full((size, size), -50.0)
    logits[np.arange(size), (np.arange(size) + 1) % size] = 50.0  # after each token comes the next number
    model = table_model(Module, Tensor, logits, block).train()
    model.inner.training = False
    start = np.array(prompt)
    what = f"generate from {start.tolist()}, {count} new tokens, {options}"
    with unchanged(what, "idx is only read", idx=start), explained(what, "(B, T) in, (B, T + new) out"):
        with keeps_generator(what, generator) if "seed" in options else explained(what):
            got = generate(model, start, count, **options)
    equal(f"{what}: what came", type(got).__name__, Tensor.__name__, "a Tensor")
    typed(what, got, np.int64, "tokens are int64")
    wanted = [row + [(row[-1] + 1 + i) % size for i in range(count)] for row in start.tolist()]
    equal(what, got.data.tolist(), wanted, "the old tokens, then each new one after the last")
    if count:
        _undisturbed(what, model, [False])
    lengths = [ids.shape[1] for ids, _, _ in model.seen]
    equal(f"{what}: how many tokens the model saw each time", lengths,
          [min(start.shape[1] + i, block) for i in range(count)], f"the last block_size = {block} of them")


def by_chance(generate: Callable, follow: Callable, Module: type, Tensor: type, manual_seed: Callable,
              options: dict, seed: int) -> None:
    """With a seed the tokens are those of `follow`, whatever was drawn before; without one, manual_seed's."""
    logits = np.random.default_rng(seed).normal(size=(11, 11))
    model, start = table_model(Module, Tensor, logits, 5), np.array([[1, 2], [3, 4], [1, 2]])
    what, rng, wanted = f"generate with {options}, seed={seed}", np.random.default_rng(seed), start
    for _ in range(12):
        wanted = np.concatenate([wanted, follow(logits[wanted[:, -1]], rng, options)[:, None]], axis=1)
    manual_seed(1)
    idea = "one generator, made once; next_probabilities with temperature and top_k, then draw"
    equal(what, generate(model, start, 12, seed=seed, **options).data.tolist(), wanted.tolist(), idea)
    manual_seed(seed)
    idea = "without a seed, draw from generator()"
    equal(f"generate with {options} after manual_seed({seed})", generate(model, start, 12, **options).data.tolist(),
          wanted.tolist(), idea)


def after_an_error(
    what: str, call: Callable[[Any], Any], Module: type, Tensor: type, errors: Iterable[type[BaseException]]
) -> None:
    """Where the model fails in `call(model)`, or somebody presses stop, the modes come back too."""
    for kind in errors:
        model = table_model(Module, Tensor, np.zeros((3, 3)), 4).train()
        model.inner.training, model.forward = False, _raising(kind)
        try:
            call(model)
        except kind:
            pass
        modes = model.training, model.inner.training
        equal(f"the modes of model and part after {what} was stopped by {kind.__name__}", modes, (True, False),
              "evaluating(model) puts them back, whatever happens")


def _raising(kind: type[BaseException]) -> Callable:
    def forward(idx: Any) -> Any:
        raise kind("the model stops here")

    return forward
