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

You have the parts of a language model: a tokenizer, embeddings, attention. This lesson puts them
together.

About 6 hours: 12 exercises, some 70 lines to write, and an open question. Needs lessons 01 to 07
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

# %% nbgrader={"solution": true, "grade_id": "initialize"}
#| exporti
def initialize(model: Module, n_layer: int) -> None:
    """Give all weights of a model of `n_layer` blocks the numbers that GPT-2 starts with, in place.

    Weights of every Linear and Embedding: normal, standard deviation 0.02, drawn from
    `generator()`; those of `model.blocks[i].attn.out_proj` and `.mlp.proj`: 0.02 / sqrt(2 n_layer).
    Biases of every Linear: 0. LayerNorms stay as they are. The arrays stay the same objects.
    """
    ### BEGIN SOLUTION
    for module in model.modules():
        if isinstance(module, (Linear, Embedding)):
            module.weight.data[...] = generator().normal(0.0, 0.02, module.weight.shape)
        if isinstance(module, Linear):
            module.bias.data[...] = 0
    for block in model.blocks:
        for last in (block.attn.out_proj, block.mlp.proj):
            last.weight.data /= math.sqrt(2 * n_layer)
    ### END SOLUTION

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
        initialize(self, config.n_layer)

    def forward(self, idx: Any) -> Tensor:
        """Whole numbers (B, T) -> logits (B, T, vocab_size), for T from 1 to block_size.

        ValueError for another shape or for more tokens, TypeError for numbers that are not whole.
        """
        tokens = token_array(idx, self.config.block_size)
        ### BEGIN SOLUTION
        x = self.drop(self.wte(tokens) + self.wpe(np.arange(tokens.shape[1])))
        for block in self.blocks:
            x = block(x)
        return tied_logits(self.ln_f(x), self.wte.weight)
        ### END SOLUTION

    def generate(self, *args: Any, **options: Any) -> Tensor:
        """`generate(self, ...)`: see there."""
        return generate(self, *args, **options)

# %% nbgrader={"solution": true, "grade_id": "get-batch"}
#| export
def get_batch(tokens: np.ndarray, batch_size: int, block_size: int) -> tuple[Tensor, Tensor]:
    """Random windows of a text as inputs and targets, int64, (batch_size, block_size) each.

    A target is the token after its input. Each place where a whole window fits is as likely, drawn
    from `generator()`. ValueError where the text, (n,), is not longer than block_size.

    >>> get_batch(np.array([5, 6, 7]), batch_size=1, block_size=2)
    (Tensor([[5, 6]]), Tensor([[6, 7]]))
    """
    ### BEGIN SOLUTION
    if len(tokens) <= block_size:
        raise ValueError(f"a text of {len(tokens)} tokens has no window of {block_size} and the "
                         "token after it")
    starts = generator().integers(len(tokens) - block_size, size=(batch_size, 1))
    windows = np.asarray(tokens, np.int64)[starts + np.arange(block_size + 1)]
    return wrap(windows[:, :-1]), wrap(windows[:, 1:])
    ### END SOLUTION

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

# %%
#| export
def decay_groups(model: Module, weight_decay: float) -> list[dict]:
    """Parameter groups for AdamW: matrices with `weight_decay`, biases and layer norms without."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay},
            {"params": vectors, "weight_decay": 0.0}]

# %% nbgrader={"solution": true, "grade_id": "bits-per-character"}
#| export
def bits_per_character(loss: float, tokens: int, characters: int) -> float:
    """Bits for each of `characters`, where each of `tokens` costs `loss` nats on average.

    >>> bits_per_character(math.log(8), tokens=10, characters=20)
    1.5
    """
    ### BEGIN SOLUTION
    return loss / math.log(2) * tokens / characters
    ### END SOLUTION

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

# %% nbgrader={"solution": true, "grade_id": "text-loss"}
#| export
def text_loss(model: GPT, tokens: np.ndarray, batch_size: int = 32) -> float:
    """The mean loss, in nats a token, on a text (n,) with n >= 2; the first token is not predicted.

    Without dropout, without a record, without a random number; the model is left as it was.
    """
    ### BEGIN SOLUTION
    nats = 0.0
    with evaluating(model), no_grad():
        for x, y in consecutive_windows(tokens, model.config.block_size, batch_size):
            nats += cross_entropy(model(x), y).item() * y.size
    return nats / (len(tokens) - 1)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "next-probabilities"}
#| exporti
def next_probabilities(logits: np.ndarray, temperature: float = 1.0,
                       top_k: int | None = None) -> np.ndarray:
    """Probabilities of the next token, float64: (B, V) -> (B, V).

    softmax(logits / temperature); where temperature is 0 the first of the largest logits has all.
    With `top_k` only tokens whose logit is at least the k-th largest of their row can come.
    ValueError for temperature < 0, top_k < 1, logits of nan or inf.
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

# %% nbgrader={"solution": true, "grade_id": "draw"}
#| exporti
def draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An index for each row of (B, V), drawn with these probabilities: int64, (B,).

    Takes one number of `rng.random` for each row, in order. What has probability 0 never comes.
    """
    ### BEGIN SOLUTION
    edges = probabilities.cumsum(axis=-1)
    places = rng.random((len(edges), 1)) * edges[:, -1:]
    return (edges <= places).sum(axis=-1)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "generate"}
#| export
def generate(model: GPT, idx: Any, max_new_tokens: int, temperature: float = 1.0,
             top_k: int | None = None, seed: int | None = None) -> Tensor:
    """`idx`, (B, T), and after it `max_new_tokens` more: (B, T + max_new_tokens), int64.

    Each is drawn by `draw` from the `next_probabilities` after the last block_size tokens; with a
    `seed` from a generator of its own, else from `generator()`. In evaluation mode, without a
    record; the model is left as it was, also after an error.
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
