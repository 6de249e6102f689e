# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 13: Transformers

> Transformers: a GPT, trained on Shakespeare, measured in bits a character, and made to write.

A tokenizer, embeddings, attention, layer norms, an optimizer: you have built every part of a
language model. In this lesson you put them together. What comes out is the network of GPT-2, only
smaller. It learns from plain text, by guessing each next token, and what it has learned is measured
in a unit that compares it with any other model, and with a compression program.

You will build the block that GPT repeats and the whole network, with one matrix for its first and
its last layer; batches of random windows, and an honest measure of a text; and the sampling that
makes the network write.

About 6 hours: 12 exercises, some 66 lines to write, and an open question. Needs lessons 01 to 07
and 10 to 12. Makes `tinytorch.core.transformers`: `GPTConfig`, `MLP`, `Block`, `GPT`, `get_batch`,
`TextWindows`, `decay_groups`, `bits_per_character`, `text_loss`, `generate`.
"""

# %%
#| default_exp core.transformers

# %%
#| export
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.activations import gelu
from tinytorch.core.attention import MultiheadAttention
from tinytorch.core.embeddings import Embedding
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Module, generator
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor, no_grad, wrap
from tinytorch.core.training import evaluating
from tinytorch.support.language import check_config, check_sampling, token_array

# %%
from tinytorch.core.layers import manual_seed
from tinytorch.core.tensor import Interceptor
from tinytorch.support import checks_transformers as checks
from tinytorch.support.checks import check, close

# %% [markdown]
r"""
## A text

The training text is four tragedies. A part of another play is for validation: it decides whatever
has to be decided. The three plays that `load_shakespeare` keeps apart decide nothing, and are
measured once, at the end. The tokenizer, too, sees the training text only.
"""

# %%
from tinytorch.core.tokenization import BPETokenizer
from tinytorch.support.data import load_shakespeare

works, test_plays = load_shakespeare()
text = "".join(works[title] for title in ("Hamlet", "King Lear", "Othello", "Romeo and Juliet"))
validation_text = works["Julius Caesar"][:20000]
tokenizer = BPETokenizer.train(text[:200000], vocab_size=512)
tokens, held = (np.array(tokenizer.encode(part)) for part in (text, validation_text))
print(f"{len(text):,} characters are {len(tokens):,} tokens, {len(text) / len(tokens):.2f} each")
print([tokenizer.decode([i]) for i in tokens[2000:2012]])

# %% [markdown]
r"""
The task: given the tokens up to some place, say how likely each of the 512 tokens is to come next.
The sizes of a network for it are kept in one object, under the names of Karpathy's nanoGPT. (Our
activation is ReLU, which costs least. GPT-2's is the tanh form of GELU.)
"""

# %%
#| export
@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT: `vocab_size` tokens, at most `block_size` of them in a row, `n_layer`
    blocks of `n_head` heads and width `n_embd`. ValueError for sizes that cannot be."""

    vocab_size: int
    block_size: int
    n_layer: int
    n_head: int
    n_embd: int
    dropout: float = 0.0
    activation: Callable[[Tensor], Tensor] = gelu
    def __post_init__(self): check_config(self)

# %%
from threadpoolctl import threadpool_limits
from tinytorch.core.activations import relu

threadpool_limits(1)  # BLAS on one thread: the products of this lesson are small
config = GPTConfig(512, block_size=32, n_layer=2, n_head=4, n_embd=64, activation=relu)

# %% [markdown]
r"""
## The block

Attention is the one place where a token's state depends on other tokens, and what it gives is a
weighted average. Each block of a transformer has a second half that is not linear in its values:
two linear layers with a non-linearity between them, which see one token at a time.

### Exercise: MLP

`fc` makes the `n_embd` numbers of a token four times as many, `proj` brings them back. Between them
comes `config.activation`, a function such as `gelu` or a layer such as `ReLU()`, and at the end
dropout. Write both methods. Saved weights are found by the names `fc` and `proj`.
"""

# %% nbgrader={"solution": true, "grade_id": "mlp"}
#| export
class MLP(Module):
    """Two linear layers with a non-linearity between them, for each token by itself: the second
    half of a block. `fc` goes from n_embd to 4 n_embd, `proj` back; then comes dropout, `drop`."""

    def __init__(self, config: GPTConfig):
        ### BEGIN SOLUTION
        self.fc = Linear(config.n_embd, 4 * config.n_embd)
        self.activation = config.activation
        self.proj = Linear(4 * config.n_embd, config.n_embd)
        self.drop = Dropout(config.dropout)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """(..., n_embd) -> (..., n_embd)"""
        ### BEGIN SOLUTION
        return self.drop(self.proj(self.activation(self.fc(x))))
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-mlp", "points": 4}
# Check of MLP: run it when your cell has run.
@check
def test_unit_mlp():
    def square(x): return x * x
    cases = [(8, 0.0, gelu, (2, 5, 8)), (6, 0.5, square, (4, 6)), (4, 0.5, gelu, (4,))]
    ### BEGIN HIDDEN TESTS
    cases += [(3, 0.0, square, (1, 2, 3)), (10, 0.75, gelu, (3, 7, 10)), (2, 0.0, gelu, (2,))]
    ### END HIDDEN TESTS
    for width, dropout, activation, shape in cases:
        config = GPTConfig(9, 4, 1, 1, width, dropout, activation)
        checks.shapes(f"MLP of width {width}", MLP(config), checks.mlp_shapes(width))
        checks.mlp_follows(MLP, config, Tensor, shape, "fc, activation, proj, drop, in this order")

test_unit_mlp()

# %% [markdown]
r"""
A block has two such parts, and both only *add* to what came in:

$$x \leftarrow x + \mathrm{attn}(\mathrm{ln}_1(x)) \qquad
x \leftarrow x + \mathrm{mlp}(\mathrm{ln}_2(x))$$

So there is a straight way from the embedding to the last layer, the *residual stream*. Each part
reads it through a layer norm and adds to it. In the backward pass a sum hands its gradient on as it
is, to the first block too, however many there are. (In the transformers of 2017 the norm came after
the sum, in the middle of that way. GPT-2 moved it to where it is here.)

### Exercise: Block

`MultiheadAttention` is lesson 12's. It gives a pair, of which the second is None here.
`is_causal=True` hides from each token those after it. Dropout has three places: on the weights of
attention, where `MultiheadAttention(n_embd, n_head, dropout)` sees to it; on what attention gives,
`drop`; and at the end of the MLP, where yours does it.
"""

# %% nbgrader={"solution": true, "grade_id": "block"}
#| export
class Block(Module):
    """Attention to the tokens before, then an MLP, each added to what came in, each after a layer
    norm of its own: `ln_1`, `attn`, `ln_2`, `mlp`. `drop` is what attention gives, dropped out."""

    def __init__(self, config: GPTConfig):
        ### BEGIN SOLUTION
        self.ln_1 = LayerNorm(config.n_embd)
        self.attn = MultiheadAttention(config.n_embd, config.n_head, config.dropout)
        self.drop = Dropout(config.dropout)
        self.ln_2 = LayerNorm(config.n_embd)
        self.mlp = MLP(config)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, n_embd) -> (B, T, n_embd); no token is told of those after it."""
        ### BEGIN SOLUTION
        attended, _ = self.attn(self.ln_1(x), is_causal=True)
        x = x + self.drop(attended)
        return x + self.mlp(self.ln_2(x))
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-block", "points": 6}
# Check of Block: run it when your cell has run.
@check
def test_unit_block():
    cases = [(8, 2, (2, 5, 8)), (6, 3, (1, 2, 6))]
    ### BEGIN HIDDEN TESTS
    cases += [(4, 1, (3, 7, 4)), (12, 4, (2, 3, 12))]
    ### END HIDDEN TESTS
    for width, heads, shape in cases:
        config = GPTConfig(9, 8, 1, heads, width)
        checks.shapes(f"Block of width {width}", Block(config), checks.block_shapes(width))
        checks.block_follows(Block, config, Tensor, shape, "norm, part, sum; then again")
        checks.block_drops(Block, GPTConfig(9, 8, 1, heads, width, dropout=0.5), Tensor)

test_unit_block()

# %% [markdown]
r"""
## How large to start

A sum of many parts grows with their number. If 2 n independent numbers of equal spread are added
up, the spread of the sum is $\sqrt{2n}$ times as large, and at the start the parts of a network are
independent. Then the embedding, the one thing that says which token this is, would be a small share
of what reaches the last layer. GPT-2 lets the last matrix of every part, the one that writes into
the stream, start smaller by just this factor.

### Exercise: initialize

All other matrices, and the embeddings, start with a standard deviation of 0.02. `model.modules()`
lists all parts. In place means `p.data[...] = numbers`: the array, and so its type, stays.
"""

# %% nbgrader={"solution": true, "grade_id": "initialize"}
#| exporti
def initialize(model: Module) -> None:
    """Give the parameters of a model, whose `blocks` is a list, GPT-2's numbers to start with.

    Weights of every Linear and Embedding: normal with standard deviation 0.02, from `generator()`;
    those of `attn.out_proj` and `mlp.proj` of each of n blocks: 0.02 / sqrt(2 n). The biases of
    every Linear: 0. Layer norms stay as they are.

    >>> initialize(model)
    >>> round(float(model.wte.weight.data.std()), 3)
    0.02
    """
    ### BEGIN SOLUTION
    for module in model.modules():
        if isinstance(module, (Linear, Embedding)):
            module.weight.data[...] = generator().normal(0.0, 0.02, module.weight.shape)
        if isinstance(module, Linear):
            module.bias.data[...] = 0
    for block in model.blocks:
        for last in (block.attn.out_proj, block.mlp.proj):
            last.weight.data /= math.sqrt(2 * len(model.blocks))
    ### END SOLUTION

# %%
def bare(depth, width=64):  # a GPT that cannot be called
    model, config = Module(), GPTConfig(512, 32, depth, 4, width)
    model.wte, model.wpe = Embedding(512, width), Embedding(32, width)
    model.blocks, model.ln_f = [Block(config) for _ in range(depth)], LayerNorm(width)
    return model

# %% nbgrader={"grade": true, "grade_id": "test-initialize", "points": 5}
# Check of initialize: run it when your cell has run.
@check
def test_unit_initialize():
    cases = [(1, 64), (3, 32)]
    ### BEGIN HIDDEN TESTS
    cases += [(5, 32), (2, 48)]
    ### END HIDDEN TESTS
    for depth, width in cases:
        checks.starts_as_gpt2(initialize, bare(depth, width), manual_seed, generator)

test_unit_initialize()

# %% [markdown]
r"""
This is the spread of the stream after 2, 8 and 32 blocks, as GPT-2 starts and with 0.02 everywhere:
"""

# %%
def spread_behind(model):
    x = model.wte(tokens[:32]) + model.wpe(np.arange(32))
    with no_grad():
        for block in model.blocks:
            x = block(x)
    return x.data.std()

# %%
for depth in (2, 8, 32):
    model = bare(depth)
    initialize(model)
    scaled = spread_behind(model)
    for block in model.blocks:
        for last in (block.attn.out_proj, block.mlp.proj):
            last.weight.data *= math.sqrt(2 * depth)
    print(f"{depth:2} blocks: {scaled:.3f} as GPT-2, {spread_behind(model):.3f} with 0.02 for all")

# %% [markdown]
r"""
## The first layer is the last layer

At the end each token's `n_embd` numbers have to become `vocab_size` logits: a product with a
matrix of vocab_size times n_embd numbers. The embedding is such a matrix already. Its row $i$ says
what token $i$ means, so the product of that row with the last state of the network says how well
token $i$ fits there. *Tying* uses the same matrix for both ends (Press and Wolf, arXiv:1608.05859).
The gradients of both uses add up in it.

### Exercise: tied_logits

As in lesson 03, all rows of x meet the same matrix: with x reshaped to two axes, one product does.
"""

# %% nbgrader={"solution": true, "grade_id": "tied-logits"}
#| exporti
def tied_logits(x: Tensor, weight: Tensor) -> Tensor:
    """x @ weight transposed, in one product of two matrices: (B, T, C) by (V, C) gives (B, T, V).

    Gradients reach both.

    >>> tied_logits(Tensor([[[1.0, 2.0]]]), Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    Tensor([[[1., 2., 3.]]], dtype=float32)
    """
    ### BEGIN SOLUTION
    rows = x.reshape(-1, x.shape[-1])
    return (rows @ weight.transpose()).reshape(*x.shape[:-1], len(weight))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-tied-logits", "points": 4}
# Check of tied_logits: run it when your cell has run.
@check
def test_unit_tied_logits():
    cases = [((2, 3, 4), 5), ((1, 1, 2), 3), ((6, 3), 3)]
    ### BEGIN HIDDEN TESTS
    cases += [((3, 1, 5), 2), ((2, 2, 2), 2), ((1, 7, 3), 11)]
    ### END HIDDEN TESTS
    for shape, rows in cases:
        checks.ties(tied_logits, Tensor, Interceptor, shape, rows)

test_unit_tied_logits()

# %% [markdown]
r"""
## GPT

### Exercise: GPT

The parts are there; write `forward`. A token's state is the sum of two embeddings, that of the
token and that of its place, 0 to T - 1. Then come dropout (`self.drop`), the blocks, the last layer
norm, and the logits.
"""

# %% nbgrader={"solution": true, "grade_id": "gpt"}
#| export
class GPT(Module):
    """A decoder-only transformer: logits of the next token, at each place of each text.

    Radford and others, Language Models are Unsupervised Multitask Learners (2019); the names are
    those of Karpathy's nanoGPT. The weight of `wte` is that of the last layer, too.
    """

    def __init__(self, config: GPTConfig):
        self.config = config
        self.wte = Embedding(config.vocab_size, config.n_embd)
        self.wpe = Embedding(config.block_size, config.n_embd)
        self.drop = Dropout(config.dropout)
        self.blocks = [Block(config) for _ in range(config.n_layer)]
        self.ln_f = LayerNorm(config.n_embd)
        initialize(self)

    def forward(self, idx: Any) -> Tensor:
        """Whole numbers (B, T), T up to block_size, -> logits (B, T, vocab_size). ValueError for
        another shape, more tokens or unknown ones, TypeError for numbers that are not whole."""
        tokens = token_array(idx, self.config.block_size)
        ### BEGIN SOLUTION
        x = self.drop(self.wte(tokens) + self.wpe(np.arange(tokens.shape[1])))
        for block in self.blocks:
            x = block(x)
        return tied_logits(self.ln_f(x), self.wte.weight)
        ### END SOLUTION

    def generate(self, idx: Any, max_new_tokens: int, temperature: float = 1.0,
                 top_k: int | None = None, seed: int | None = None) -> Tensor:
        """See the function `generate`."""
        return generate(self, idx, max_new_tokens, temperature, top_k, seed)

# %% nbgrader={"grade": true, "grade_id": "test-gpt", "points": 6}
# Check of GPT: run it when your cell has run.
@check
def test_unit_gpt():
    rng = np.random.default_rng(0)
    cases = [(2, 2, (2, 6)), (1, 1, (3, 1))]
    ### BEGIN HIDDEN TESTS
    cases += [(3, 4, (1, 8)), (2, 1, (4, 5))]
    ### END HIDDEN TESTS
    for layers, heads, shape in cases:
        config, ids = GPTConfig(11, 8, layers, heads, 8), rng.integers(11, size=shape)
        checks.gpt_follows(GPT, config, ids, Tensor, "embeddings, drop, blocks, ln_f, tied logits")
    checks.gpt_refuses(GPT(config), ids)

test_unit_gpt()

# %%
manual_seed(0)
model = GPT(config)
for name, part in [("wte", model.wte), ("wpe", model.wpe), ("a block", model.blocks[0]),
                   ("ln_f", model.ln_f), ("the GPT", model)]:
    print(f"{name:7} {sum(p.size for p in part.parameters()):7,} parameters")
print(f"tying saves {model.wte.weight.size:,}")

# %% [markdown]
r"""
Before it is trained it knows nothing, so it should find every token about equally likely, and its
loss should be near $\log 512$. And it must not look ahead: change one token of a text, and nothing
may change before it.
"""

# %%
ids = tokens[None, 5000:5010]
changed = ids.copy()
changed[0, 6] = 0
with no_grad():
    before, after = model(ids), model(changed)
loss = cross_entropy(before, tokens[None, 5001:5011]).item()
print(f"loss {loss:.3f}, log 512 {math.log(512):.3f}")
print("changed by:", np.abs(after.data - before.data).max(axis=-1).round(4)[0])

# %% [markdown]
r"""
## Batches from a text

A text has no examples to be shuffled. But a window of `block_size` tokens can start anywhere, and
each place in it is an example, whose target is the token after it. So a batch is a handful of
random windows, and its targets are the same windows, one token later.

### Exercise: get_batch

Draw the starts from `generator()`, so that `manual_seed` repeats a training, and a checkpoint with
the generator's state goes on with the same windows. How late may a window start, if its last target
must still be in the text?
"""

# %% nbgrader={"solution": true, "grade_id": "get-batch"}
#| export
def get_batch(tokens: np.ndarray, batch_size: int, block_size: int) -> tuple[Tensor, Tensor]:
    """Random windows of a text as inputs and targets, int64, (batch_size, block_size) each.

    A target is the token after its input. Each place where a whole window fits is as likely, drawn
    from `generator()`. ValueError where the text, (n,), is not longer than block_size.

    >>> get_batch(np.array([5, 6, 7]), batch_size=1, block_size=2)
    (Tensor([[5, 6]], dtype=int64), Tensor([[6, 7]], dtype=int64))
    """
    ### BEGIN SOLUTION
    if len(tokens) <= block_size:
        raise ValueError(f"a text of {len(tokens)} tokens has no window of {block_size} and the "
                         "token after it")
    starts = generator().integers(len(tokens) - block_size, size=(batch_size, 1))
    places = starts + np.arange(block_size)
    return wrap(tokens[places].astype(np.int64)), wrap(tokens[places + 1].astype(np.int64))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-get-batch", "points": 5}
# Check of get_batch: run it when your cell has run.
@check
def test_unit_get_batch():
    cases, short = [(12, 4, 8), (9, 1, 8)], [(8, 8), (3, 8)]
    ### BEGIN HIDDEN TESTS
    cases, short = cases + [(30, 7, 5), (4, 5, 1)], short + [(5, 5), (0, 1)]
    ### END HIDDEN TESTS
    checks.draws_windows(get_batch, manual_seed, generator)
    for length, batch, block in cases:
        checks.windows_of(get_batch, length, batch, block, manual_seed)
    for length, block in short:
        checks.too_short(get_batch, length, block)

test_unit_get_batch()

# %%
#| export
@dataclass(frozen=True)
class TextWindows:
    """`updates` batches of random windows, new ones each time it is walked: data for a Trainer."""

    tokens: np.ndarray
    batch_size: int
    block_size: int
    updates: int
    def __len__(self) -> int: return self.updates
    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(self.updates):
            yield get_batch(self.tokens, self.batch_size, self.block_size)

# %% [markdown]
r"""
## Bits a character

The loss is the mean of $-\log p$ over tokens, in nats: how surprised the network was by each. It
cannot be compared between tokenizers. Tokens that stand for more characters are harder to guess,
and there are fewer of them. What can be compared is the surprise at the whole text. Divided by its
characters, and by $\log 2$ to make bits of nats, it says how many bits a character costs. That is a
size, too: arithmetic coding could use the network's probabilities to write the text to a file of
this size. So the figure may be put beside those of gzip and xz.

### Exercise: consecutive_windows

A training may see some tokens twice and others never. In a measurement every token counts once,
also those at the end that do not fill a window. Cut the text into windows one after another. The
first token of the text cannot be a target, since nothing is before it; the last is not an input.
"""

# %% nbgrader={"solution": true, "grade_id": "consecutive-windows"}
#| exporti
def consecutive_windows(tokens: np.ndarray, block_size: int, batch_size: int) -> Iterator[tuple]:
    """Inputs and targets (b, T), arrays that cover a text from its start to its end.

    Windows of block_size tokens, up to batch_size of them together, and last, by itself, a shorter
    one where something is left. Each token but the first is a target once.

    >>> [(x.tolist(), y.tolist()) for x, y in consecutive_windows(np.arange(6), 2, 8)]
    [([[0, 1], [2, 3]], [[1, 2], [3, 4]]), ([[4]], [[5]])]
    """
    ### BEGIN SOLUTION
    whole = (len(tokens) - 1) // block_size * block_size
    x, y = (tokens[shift:shift + whole].reshape(-1, block_size) for shift in (0, 1))
    for start in range(0, len(x), batch_size):
        yield x[start:start + batch_size], y[start:start + batch_size]
    if whole < len(tokens) - 1:
        yield tokens[None, whole:-1], tokens[None, whole + 1:]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-consecutive-windows", "points": 5}
# Check of consecutive_windows: run it when your cell has run.
@check
def test_unit_consecutive_windows():
    cases = [(6, 2, 8), (21, 4, 3), (9, 4, 1), (4, 8, 2), (2, 1, 1)]
    ### BEGIN HIDDEN TESTS
    cases += [(50, 7, 2), (13, 3, 4), (2, 5, 3), (17, 2, 4), (1, 4, 2)]
    ### END HIDDEN TESTS
    for length, block, batch in cases:
        checks.covers(consecutive_windows, length, block, batch, "each token but the first once")

test_unit_consecutive_windows()

# %% [markdown]
r"""
### Exercise: text_loss and bits_per_character

The windows have different sizes, so weigh each batch's mean loss by its targets. The rules for a
measurement are lesson 07's: evaluation mode, which `evaluating(model)` takes care of; no record; no
random number. `bits_per_character` charges the first token, which nothing predicts, like the rest.
"""

# %% nbgrader={"solution": true, "grade_id": "text-loss"}
#| export
def text_loss(model: GPT, tokens: np.ndarray, batch_size: int = 32) -> float:
    """The mean loss, in nats a token, on a text (n,) with n >= 2; the first token is not predicted.

    Without dropout, without a record, without a random number; the model is left as it was.

    >>> text_loss(model, tokens)  # of a model that finds all 512 tokens equally likely
    6.238324625039508
    """
    ### BEGIN SOLUTION
    nats = 0.0
    with evaluating(model), no_grad():
        for x, y in consecutive_windows(tokens, model.config.block_size, batch_size):
            nats += cross_entropy(model(x), y).item() * y.size
    return nats / (len(tokens) - 1)
    ### END SOLUTION

def bits_per_character(loss: float, tokens: int, characters: int) -> float:
    """Bits for each of `characters`, where each of `tokens` costs `loss` nats on average.

    >>> bits_per_character(math.log(8), tokens=10, characters=20)
    1.5
    """
    ### BEGIN SOLUTION
    return loss / math.log(2) * tokens / characters
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-text-loss", "points": 5}
# Check of text_loss: run it when your cell has run.
@check
def test_unit_text_loss():
    cases = [(20, 4, 3), (9, 4, 32), (3, 8, 2)]
    ### BEGIN HIDDEN TESTS
    cases += [(46, 5, 2), (2, 3, 1), (12, 1, 4)]
    ### END HIDDEN TESTS
    for length, block, batch in cases:
        checks.loss_of_text(text_loss, Module, Tensor, length, block, batch, generator)

test_unit_text_loss()

# %% nbgrader={"grade": true, "grade_id": "test-bits-per-character", "points": 2}
# Check of bits_per_character: run it when your cell has run.
@check
def test_unit_bits_per_character():
    cases = [(math.log(2), 8, 8, 1), (math.log(16), 3, 6, 2), (3.576, 1000, 2296, 2.246983)]
    ### BEGIN HIDDEN TESTS
    cases += [(math.log(512), 10, 25, 3.6), (0.0, 4, 9, 0), (math.log(4), 5, 2, 5)]
    ### END HIDDEN TESTS
    for loss, count, characters, wanted in cases:
        call = f"bits_per_character({loss:.4f}, tokens={count}, characters={characters})"
        got = bits_per_character(loss, count, characters)
        close(call, got, wanted, "nats of all tokens, in bits, for each character")

test_unit_bits_per_character()

# %%
import gzip
import lzma

def bits_of(model, characters, numbers):
    return bits_per_character(text_loss(model, numbers), len(numbers), len(characters))

def compressed_bits(characters):
    data = characters.encode()
    return [8 * len(compress(data)) / len(data) for compress in (gzip.compress, lzma.compress)]

# %%
print(f"untrained: {bits_of(model, validation_text, held):.2f} bits a character")
print("gzip {:.2f}, xz {:.2f}".format(*compressed_bits(validation_text)))

# %% [markdown]
r"""
## Training

Everything else is there: AdamW, a cosine schedule with warm-up, clipping, lesson 07's `Trainer`.
It is usual that weight decay is for the matrices alone, and not for biases and layer norms.
"""

# %%
#| export
def decay_groups(model: Module, weight_decay: float) -> list[dict]:
    """Parameter groups for AdamW: matrices with `weight_decay`, biases and layer norms without."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay},
            {"params": vectors, "weight_decay": 0.0}]

# %%
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import AdamW
from tinytorch.core.training import CosineSchedule, Trainer

def new_trainer(seed):
    manual_seed(seed)
    optimizer = AdamW(decay_groups(model := GPT(config), 0.1), lr=0.004, betas=(0.9, 0.95))
    schedule = CosineSchedule(optimizer, total_steps=400, warmup_steps=100)
    return Trainer(model, optimizer, CrossEntropyLoss(), schedule, clip_norm=1.0)

# %%
import matplotlib.pyplot as plt

trainer, curve = new_trainer(0), []
fifty = TextWindows(tokens, batch_size=8, block_size=32, updates=50)
for _ in range(8):
    state = trainer.state_dict()  # the last one is from before the last fifty updates
    row = trainer.fit(fifty, epochs=1)[-1]
    curve.append((row.loss, text_loss(trainer.model, held)))
    print(f"{trainer.steps} updates: training {row.loss:.2f}, validation {curve[-1][1]:.2f}")

# %%
plt.figure(figsize=(6, 2.8))
plt.plot(range(50, 401, 50), curve, label=["training", "validation"])
plt.axhline(math.log(512), color="0.6", linestyle=":", label="log 512")
plt.gca().set(xlabel="updates", ylabel="nats a token")
plt.legend()
plt.show()
print(f"{bits_of(trainer.model, validation_text, held):.2f} bits a character, validation")

# %% [markdown]
r"""
A training of hours has to survive a break. The next update depends on the weights, the optimizer,
the schedule, and the generator that draws the windows, which are all in lesson 07's state. From the
state before the last fifty updates another trainer arrives at the same weights, to the last bit:
"""

# %%
resumed = new_trainer(1)
resumed.load_state_dict(state)
resumed.fit(fifty, epochs=1)
pairs = zip(trainer.model.parameters(), resumed.model.parameters())
print("the same weights:", all(np.array_equal(p.data, q.data) for p, q in pairs))

# %% [markdown]
r"""
## Writing

A network that says how likely each next token is can write: draw one, put it behind the text, ask
again. Two settings change how daring it is. The logits are divided by a *temperature* before the
softmax: below 1 the likely tokens become still likelier, above 1 all become more alike, and towards
0 only the likeliest is left. And `top_k` leaves only the k likeliest to be drawn: each unlikely
token has a small probability, but there are many of them.

### Exercise: next_probabilities

Three traps. Logits divided by a small temperature are large: subtract the largest before `exp`.
Tokens that tie with the k-th largest stay, or the result would depend on how they were sorted. And
with `top_k` larger than the vocabulary all can come.
"""

# %% nbgrader={"solution": true, "grade_id": "next-probabilities"}
#| exporti
def next_probabilities(logits: np.ndarray, temperature: float = 1.0,
                       top_k: int | None = None) -> np.ndarray:
    """Probabilities of the next token, float64: (B, V) -> (B, V).

    softmax(logits / temperature); where temperature is 0 the first of the largest logits has all.
    With `top_k` only tokens whose logit is at least the k-th largest of their row can come.
    ValueError for temperature < 0 or inf, top_k < 1, logits of nan or inf.

    >>> next_probabilities(np.array([[0.0, 2.0, 2.0]]), top_k=2)
    array([[0. , 0.5, 0.5]])
    """
    check_sampling(logits, temperature, top_k)
    ### BEGIN SOLUTION
    logits = logits.astype(np.float64)
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(axis=-1)]
    if top_k is not None and top_k < logits.shape[-1]:
        least = np.sort(logits, axis=-1)[:, -top_k, None]
        logits = np.where(logits < least, -np.inf, logits)
    likely = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    return likely / likely.sum(axis=-1, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-next-probabilities", "points": 6}
# Check of next_probabilities: run it when your cell has run.
@check
def test_unit_next_probabilities():
    two, four = math.log(2), math.log(4)
    cases = [([[0, two, two]], {}, [[0.2, 0.4, 0.4]]), ([[0, two], [two, 0]], {"temperature": 0.5},
             [[0.2, 0.8], [0.8, 0.2]]), ([[0, two, four, 0]], {"top_k": 2}, [[0, 1 / 3, 2 / 3, 0]]),
             ([[5, 1, 5], [0, 9, 1]], {"temperature": 0}, [[1, 0, 0], [0, 1, 0]]),
             ([[1, 3, 3, 0]], {"temperature": 1e-300, "top_k": 3}, [[0, 0.5, 0.5, 0]])]
    ### BEGIN HIDDEN TESTS
    root = math.sqrt(2)
    cases += [([[0, two], [8, 8]], {"temperature": 2, "top_k": 9},
               [[root - 1, 2 - root], [0.5, 0.5]]),
              ([[two, 0, two], [9, 0, 1]], {"top_k": 1}, [[0.5, 0, 0.5], [1, 0, 0]]),
              ([[-1e4, 0, four], [3, 3, 3]], {"top_k": 2}, [[0, 0.2, 0.8], [1 / 3] * 3]),
              ([[-np.inf, 0], [900, 900]], {}, [[0, 1], [0.5, 0.5]])]
    ### END HIDDEN TESTS
    for logits, options, wanted in cases:
        checks.probabilities(next_probabilities, logits, options, wanted, "row by row; which trap?")

test_unit_next_probabilities()

# %% [markdown]
r"""
### Exercise: draw

Lay the probabilities of a row end to end, from 0 to their sum. A number drawn evenly from 0 to 1,
times that sum, falls into one of these pieces: that is the token. `cumsum` gives the edges of the
pieces, and the index of a piece is the number of edges at or below the drawn number. The sum is
hardly ever exactly 1, so do use it.
"""

# %% nbgrader={"solution": true, "grade_id": "draw"}
#| exporti
def draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An index for each row of (B, V), drawn with these probabilities: int64, (B,).

    Takes one number of `rng.random` for each row, in order. What has probability 0 never comes.

    >>> draw(np.array([[0.0, 1.0], [1.0, 0.0]]), np.random.default_rng(0))
    array([1, 0])
    """
    ### BEGIN SOLUTION
    edges = probabilities.cumsum(axis=-1)
    places = rng.random((len(edges), 1)) * edges[:, -1:]
    return (edges <= places).sum(axis=-1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-draw", "points": 4}
# Check of draw: run it when your cell has run.
@check
def test_unit_draw():
    quarters, low = [0.25, 0.25, 0.5], 1 - 2**-53  # the largest number below 1
    cases = [([quarters] * 4, [0.1, 0.25, 0.6, low], [0, 1, 2, 2]),
             ([[0, 1, 0]] * 2, [0.0, low], [1, 1])]
    ### BEGIN HIDDEN TESTS
    cases += [([[0.5, 0.5 - 1e-9, 0]], [low], [1]), ([quarters, [1, 0, 0]], [0.9, 0.9], [2, 0]),
              ([[0, 0, 0.5, 0.5]] * 3, [0.0, 0.49, 0.5], [2, 2, 3]),
              ([[0.5, 1e-9, 0.5 - 1e-9]], [0.5 + 5e-10], [1])]
    ### END HIDDEN TESTS
    for rows, numbers, wanted in cases:
        checks.drawn(draw, rows, numbers, wanted, "count the edges at or below the drawn number")

test_unit_draw()

# %%
def likeliest(prompt, **options):
    with no_grad():
        logits = trainer.model([tokenizer.encode(prompt)]).data[:, -1]
    chances = next_probabilities(logits, **options)[0]
    first = np.argsort(-chances)[:5]
    return "  ".join(f"{tokenizer.decode([i])!r} {chances[i]:.2f}" for i in first)

for options in ({"temperature": 0.5}, {}, {"temperature": 1.5}, {"top_k": 3}):
    print(f"{str(options):20}", likeliest("O Romeo, Romeo! where", **options))

# %% [markdown]
r"""
### Exercise: generate

The network sees at most `block_size` tokens, so it gets the last ones of the text so far. Of its
logits only those at the last place are of use. With a `seed` the tokens come from a generator made
for this call, so that a training which prints samples goes on as it would have without them. Work
with arrays, and `wrap` the result.
"""

# %% nbgrader={"solution": true, "grade_id": "generate"}
#| export
def generate(model: GPT, idx: Any, max_new_tokens: int, temperature: float = 1.0,
             top_k: int | None = None, seed: int | None = None) -> Tensor:
    """`idx`, (B, T), and after it `max_new_tokens` more: (B, T + max_new_tokens), int64.

    Each is drawn by `draw` from the `next_probabilities` after the last block_size tokens; with a
    `seed` from a generator of its own, else from `generator()`. In evaluation mode, without a
    record; the model is left as it was, also after an error.

    >>> generate(model, [[3, 1]], max_new_tokens=2).shape
    (1, 4)
    """
    tokens = token_array(idx)
    ### BEGIN SOLUTION
    rng = generator() if seed is None else np.random.default_rng(seed)
    with evaluating(model), no_grad():
        for _ in range(max_new_tokens):
            logits = model(tokens[:, -model.config.block_size:]).data[:, -1]
            new = draw(next_probabilities(logits, temperature, top_k), rng)
            tokens = np.concatenate([tokens, new[:, None]], axis=1)
    return wrap(tokens)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-generate", "points": 6}
# Check of generate: run it when your cell has run.
@check
def test_unit_generate():
    cases = [([[2]], 6, {"seed": 0}), ([[0, 3], [5, 1]], 3, {}), ([[1, 2, 3, 4, 5]], 1, {})]
    ### BEGIN HIDDEN TESTS
    cases += [([[4], [0], [6]], 5, {"seed": 3, "temperature": 0}), ([[3, 0, 2, 2, 1]], 0, {})]
    ### END HIDDEN TESTS
    for prompt, count, options in cases:
        checks.writes(generate, Module, Tensor, generator, prompt, count, options)
    def two_more(model): return generate(model, [[1]], 2)
    checks.after_an_error("generate", two_more, Module, Tensor, [ValueError, KeyboardInterrupt])

test_unit_generate()

# %% nbgrader={"grade": true, "grade_id": "test-generate-chance", "points": 4}
# Check of generate, its random numbers: run it when your cells have run.
@check
def test_unit_generate_chance():
    cases = [({}, 5), ({"temperature": 0.5, "top_k": 3}, 8)]
    ### BEGIN HIDDEN TESTS
    cases += [({"temperature": 2.0}, 21), ({"top_k": 4}, 0)]
    ### END HIDDEN TESTS
    def follow(logits, rng, options): return draw(next_probabilities(logits, **options), rng)
    for options, seed in cases:
        checks.by_chance(generate, follow, Module, Tensor, manual_seed, options, seed)

test_unit_generate_chance()

# %%
start = [tokenizer.encode("ROMEO.\n")]
for options in ({"temperature": 0.5}, {"temperature": 1.0}, {"temperature": 0.8, "top_k": 20}):
    written = trainer.model.generate(start, 60, seed=1, **options)
    print(f"---- {options}\n{tokenizer.decode(written.data[0].tolist())}")

# %% [markdown]
r"""
The forms are there, the sense is not. Now the figure that was kept for the end, for the first part
of each of the three plays. The compressors see that part alone, the network has read other plays.
"""

# %%
for title, play in test_plays.items():
    part = play[:40000]
    gz, xz = compressed_bits(part)
    bits = bits_of(trainer.model, part, np.array(tokenizer.encode(part)))
    print(f"{title:13} {bits:.2f} bits a character, gzip {gz:.2f}, xz {xz:.2f}")

# %% [markdown]
r"""
`examples/shakespeare.py` trains four blocks of width 128 on 37 works, for ten minutes or longer.
It uses lessons 16 and 18, too, and so runs when they are complete.

## Questions

Assign each answer to the name that follows its question.

1. How many parameters has a GPT with `GPTConfig(vocab_size=1000, block_size=64, n_layer=3,
   n_head=4, n_embd=32)`? (`parameter_count`)
2. A network's loss is 3.6 nats a token, and a token stands for 2.4 characters on average. How many
   bits does a character cost, to two decimals? (`character_bits`)
3. Two tokens have the logits 2 and 0. At temperature 0.5, how likely is the first, to three
   decimals? (`first_chance`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-transformers"}
### BEGIN SOLUTION
parameter_count = 1000 * 32 + 64 * 32 + 3 * (12 * 32 * 32 + 13 * 32) + 2 * 32
character_bits = 3.6 / math.log(2) / 2.4
first_chance = 1 / (1 + math.exp(-4))
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-transformers", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_transformers():
    net = GPT(GPTConfig(1000, 64, 3, 4, 32))
    assert parameter_count == sum(p.size for p in net.parameters()), (
        f"parameter_count is {parameter_count}: both embeddings, weights and biases of four linear "
        "layers and two layer norms in each block, one layer norm more; the last layer is tied")
    assert abs(character_bits - bits_per_character(3.6, 10, 24)) < 5e-3, (
        f"character_bits is {character_bits}: bits of nats, then a token's share for one character")
    chance = next_probabilities(np.array([[2.0, 0.0]]), temperature=0.5)[0, 0]
    assert abs(first_chance - chance) < 5e-4, (
        f"first_chance is {first_chance}: what are the logits after the division?")

test_question_transformers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-transformers", "points": 2}
r"""
**In your own words:** two people train on the same works. One reports a loss of 1.5 nats a token,
with characters as tokens, and the other 3.6, with a vocabulary of 1,024. Whose network is better,
what else do you have to ask, and what must not have happened when the tokenizer was trained?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A GPT, from its blocks to what it writes, and an honest figure for it. `tito module complete 13`
puts it into `tinytorch.core.transformers`. For each new token `generate` computes the whole window
again, although only its end is new. Lesson 20 keeps what was computed.
"""
