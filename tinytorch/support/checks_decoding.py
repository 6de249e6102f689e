"""What the checks of the lesson on memoization share: each asks one of the learner's functions or classes about a case.

`idea` is what the sentence of a failed comparison ends with. `kind` is the learner's KVCache, `Tensor` the lessons'.
A `text` of a case is the length of the pieces in which it comes, such as (3, 1, 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, raises, typed, unchanged
from tinytorch.support.checks_transformers import stirred
from tinytorch.support.dtypes import as_dtype
from tinytorch.support.memory import allocated_bytes

NEAR = {"float64": 1e-9, "float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}
Pieces = Sequence[int]


def numbers(shape: tuple[int, ...], seed: int = 0, dtype: Any = "float32") -> np.ndarray:
    """Normally distributed numbers, the same for the same seed."""
    return np.random.default_rng(seed).normal(size=shape).astype(as_dtype(dtype))


def tokens(config: Any, batch: int, length: int, seed: int = 0) -> np.ndarray:
    """Random tokens of the config's vocabulary, (batch, length)."""
    return np.random.default_rng(seed).integers(config.vocab_size, size=(batch, length))


def emptied(cache: Any) -> Any:
    """A cache whose arrays are nan all over: nothing of what stands behind its length may be used."""
    cache.keys[...], cache.values[...] = np.nan, np.nan
    return cache


def slices(pieces: Pieces) -> Iterator[slice]:
    """Where each piece of a text stands in it."""
    start = 0
    for length in pieces:
        yield slice(start, start + length)
        start += length


def like(what: str, got: Any, wanted: np.ndarray, dtype: Any, idea: str) -> None:
    """`got` is of the type `dtype` and near `wanted`, as near as that type allows."""
    typed(what, got, as_dtype(dtype), "the type of the model")
    near = NEAR[as_dtype(dtype).name]
    close(what, np.asarray(got.data if not isinstance(got, np.ndarray) else got, np.float64),
          np.asarray(wanted, np.float64), idea, rtol=near, atol=near)


# ---- the cache


def starts_empty(kind: Callable, config: Any, batch: int, dtype: Any, shape: tuple[int, ...]) -> None:
    """A new cache has two arrays of its own of this shape and type, and holds no token."""
    sizes = (config.vocab_size, config.block_size, config.n_layer, config.n_head, config.n_embd)
    what = f"KVCache(GPTConfig{sizes}, {batch}, {dtype!r})"
    cache = outcome(what, lambda: kind(config, batch, dtype), "what does it take to make the arrays?")
    for name in ("keys", "values"):
        array = getattr(cache, name, None)
        assert type(array) is np.ndarray, f"{what}: {name} is {type(array).__name__}, wanted an array"
        equal(f"{what}: the shape of {name}", array.shape, shape, "see cache_shape")
        typed(f"{what}: {name}", array, as_dtype(dtype), "as_dtype(dtype)")
    equal(f"{what}: (length, block_size)", (cache.length, getattr(cache, "block_size", None)),
          (0, config.block_size), "it holds no token yet, and has room for block_size of them")
    assert not np.shares_memory(cache.keys, cache.values), f"{what}: keys and values are one array, wanted two"
    assert cache.keys.base is None or cache.keys.base is cache.values.base, f"{what}: the keys are a view of something"
    other = kind(config, batch, dtype)
    assert not np.shares_memory(cache.keys, other.keys), f"{what}: two caches share their keys: make arrays for each"


def keeps(kind: Callable, config: Any, batch: int, dtype: Any, pieces: Pieces, idea: str) -> None:
    """What `append` puts into a layer comes back with all before it, in views, and goes nowhere else."""
    cache = emptied(kind(config, batch, dtype))
    held, heads, width = (cache.keys, cache.values), config.n_head, config.n_embd // config.n_head
    texts = [[numbers((batch, heads, sum(pieces), width), 2 * layer + i, dtype) for i in (0, 1)]
             for layer in range(config.n_layer)]
    for places in slices(pieces):
        for layer in reversed(range(config.n_layer)):
            count = places.stop - places.start
            what = f"append({layer}, keys, values) of {count} tokens behind {places.start}, {dtype}"
            new = [text[:, :, places].copy() for text in texts[layer]]
            with unchanged(what, "only read", keys=new[0], values=new[1]):
                got = outcome(what, partial(cache.append, layer, *new), idea)
            assert isinstance(got, (tuple, list)) and len(got) == 2, f"{what} gave {got!r:.60}, wanted keys and values"
            equal(f"{what}: length, before the other layers have come,", cache.length, places.start, "it stays")
            for array in new:
                array[...] = 99
            for name, mine, all_of_it, text in zip(("keys", "values"), got, held, texts[layer], strict=True):
                close(f"{what}: the {name} that came back", mine, text[:, :, :places.stop], idea, rtol=0)
                assert np.shares_memory(mine, all_of_it), f"{what}: the {name} that came back are a copy: give a view"
        cache.length = places.stop
    assert cache.keys is held[0] and cache.values is held[1], "append put other arrays into the cache: write into them"
    rest = np.concatenate([array[:, :, :, sum(pieces):].astype(np.float64).ravel() for array in held])
    assert np.isnan(rest).all(), "append wrote behind the new tokens: only their places are theirs"


def refuses(kind: Callable, config: Any, batch: int, dtype: Any, held: int, layer: int) -> None:
    """`append` takes neither too many tokens nor what does not fit, and then nothing has changed."""
    cache, heads, width = kind(config, batch, dtype), config.n_head, config.n_embd // config.n_head
    cache.length = held
    room, kept = config.block_size - held, (cache.keys.copy(), cache.values.copy())
    other = "float16" if as_dtype(dtype) == np.float32 else "float32"

    def entry(batch: int = batch, heads: int = heads, new: int = 1, width: int = width, dtype: Any = dtype):
        return numbers((batch, heads, new, width), 1, dtype)

    cases = [(entry(new=room + 1), entry(new=room + 1), (str(held), str(config.block_size))),
             (entry(new=0), entry(new=0), ("0",))]
    cases += [(entry(), entry(1), ("values", f"(1, {heads}, 1, {width})")),
              (entry(1), entry(), ("keys", f"(1, {heads}, 1, {width})")),
              (entry(width=1), entry(), ("keys",)), (entry(), entry(heads=1), ("values",)),
              (entry(dtype=other), entry(), ("keys", other)), (entry(), entry(dtype=other), ("values", other)),
              (entry(new=room), entry(new=room + 1), ("values",))] if room else []
    for keys, values, words in cases:
        what = (f"append of keys {keys.shape} {keys.dtype}, values {values.shape} {values.dtype} to a cache of "
                f"{batch} texts with {held} of {config.block_size} tokens")
        raises(what, partial(cache.append, layer, keys, values), ValueError, *words, idea="look before you write")
        same = all(map(partial(np.array_equal, equal_nan=True), (cache.keys, cache.values), kept))
        assert same and cache.length == held, f"{what} was refused, but has changed the cache: look before you write"


# ---- attention and the block


def weights_follow(last_weights: Callable, cases: Sequence[tuple[int, ...]], dtypes: Sequence[str]) -> None:
    """`last_weights` of `cases`, (texts, heads, new tokens, all tokens, width), in each type, and of hard numbers."""
    for case in cases:
        for dtype in dtypes:
            _weights_follow(last_weights, *case, dtype)
    _weights_hold(last_weights)


def _weights_follow(
    last_weights: Callable, batch: int, heads: int, new: int, total: int, width: int, dtype: Any
) -> None:
    """The weights are the softmax of the scaled products, over the tokens up to each query's own."""
    sizes = f"{batch} texts, {heads} heads of {width}, {dtype}"
    what = f"last_weights of {new} queries, the last of {total} tokens, {sizes}"
    query, keys = numbers((batch, heads, new, width), 1, dtype), numbers((batch, heads, total, width), 2, dtype)
    query *= 3
    with unchanged(what, "only read", query=query, keys=keys):
        got = outcome(what, lambda: last_weights(query, keys), "which keys may each query look at?")
    wanted = np.zeros((batch, heads, new, total))
    for i in range(new):
        seen = slice(0, total - new + i + 1)
        scores = np.einsum("bhd,bhnd->bhn", query[:, :, i].astype(float), keys[:, :, seen].astype(float))
        scores = np.exp((scores - scores.max(-1, keepdims=True)) / np.sqrt(width))
        wanted[:, :, i, seen] = scores / scores.sum(-1, keepdims=True)
    like(what, got, wanted, dtype, "query i is token total - t + i, and sees the tokens up to itself")
    later = np.arange(total) > np.arange(total - new, total)[:, None]
    equal(f"{what}: the largest weight of a later token", float(np.max(got[..., later], initial=0)), 0.0, "it is 0")


def _weights_hold(last_weights: Callable) -> None:
    """Scores may be large, and nan shows."""
    keys = np.array([[[[20.0, 0.0], [20.0, 0.0], [0.0, 0.0]]]], np.float32)
    for size, wanted in ((1000.0, [[0.5, 0.5, 0], [0.5, 0.5, 0]]), (-1000.0, [[0.5, 0.5, 0], [0, 0, 1]])):
        query = np.full((1, 1, 2, 2), size, np.float32)
        what = f"last_weights of queries of {size} and keys of 20, 20 and 0"
        with np.errstate(all="ignore"):
            got = outcome(what, partial(last_weights, query, keys))
        like(what, got, np.array([[wanted]]), "float32", "the largest score is subtracted, and later tokens get 0")
    keys[..., 0, :] = np.nan
    with np.errstate(all="ignore"):
        shown = np.isnan(last_weights(query, keys)[..., 0])
    assert shown.all(), "last_weights of a first key of nan hid it, wanted nan: a broken run has to show"


def attends(function: Callable, attn: Any, cache: Any, Tensor: type, pieces: Pieces, layer: int) -> None:
    """`cached_attention` of a text in pieces is `attn` of the whole text, without dropout."""
    _follows("cached_attention", attn, lambda x: function(attn, x, cache, layer), lambda x: attn(x, is_causal=True)[0],
             cache, Tensor, pieces, layer, "does it see the tokens in the cache, and its own?")


def passes_block(function: Callable, block: Any, cache: Any, Tensor: type, pieces: Pieces, layer: int) -> None:
    """`cached_block` of a text in pieces is `block` of the whole text, without dropout."""
    _follows("cached_block", block, lambda x: function(block, x, cache, layer), block, cache, Tensor, pieces, layer,
             "norm, attention, sum; then norm, MLP, sum")


def _follows(name: str, module: Any, ours: Callable, whole: Callable, cache: Any, Tensor: type, pieces: Pieces,
             layer: int, idea: str) -> None:
    """`ours` of a text in pieces is `whole` of all of it in evaluation mode, also where the module is in training."""
    dtype, batch = cache.keys.dtype, cache.keys.shape[1]
    emptied(cache)
    text = numbers((batch, sum(pieces), cache.keys.shape[2] * cache.keys.shape[4]), 5, dtype)
    module.eval()
    wanted = whole(Tensor(text)).data
    module.train()
    for places in slices(pieces):
        what = f"{name} of tokens {places.start} to {places.stop - 1}, layer {layer}, {batch} texts, {dtype}"
        x = text[:, places].copy()
        with unchanged(what, "only read", x=x), explained(what, idea):
            got = ours(x)
        assert isinstance(got, np.ndarray), f"{what} gave a {type(got).__name__}, wanted an array"
        assert module.training, f"{what} put the module into evaluation mode: leave its mode"
        like(what, got, wanted[:, places], dtype, idea)
        equal(f"{what}: the cache's length", cache.length, places.start, "it stays until all layers have run")
        cache.length = places.stop
    others = np.delete(cache.keys.astype(np.float64), layer, axis=0)
    assert np.isnan(others).all(), f"{name} with layer={layer} wrote into another layer of the cache"
    cache.length = 0


# ---- prefill, decode_step and generate_cached


@contextmanager
def runs_once(what: str, model: Any) -> Iterator[None]:
    """Each block of the model runs once in the block of code, which its activation notes."""
    runs: list[int] = []

    def noting(number: int, activation: Callable) -> Callable:
        return lambda x: runs.append(number) or activation(x)

    kept = [block.mlp.activation for block in model.blocks]
    for number, block in enumerate(model.blocks):
        block.mlp.activation = noting(number, block.mlp.activation)
    yield
    for block, activation in zip(model.blocks, kept, strict=True):
        block.mlp.activation = activation
    equal(f"{what}: the blocks that ran", runs, list(range(len(kept))), "each once, in order")


@contextmanager
def left_alone(what: str, model: Any) -> Iterator[None]:
    """The weights, their arrays and gradients, and the mode of each part of the model are after the block as before."""
    arrays = [p.data for p in model.parameters()]
    kept, modes = [a.copy() for a in arrays], [(part, part.training) for part in model.modules()]
    yield
    changed = [f"{type(part).__name__} from training={mode}" for part, mode in modes if part.training != mode]
    assert not changed, f"{what} changed the mode of {len(changed)} parts, {changed[0]}: leave each as it was"
    for (name, p), array, old in zip(model.named_parameters(), arrays, kept, strict=True):
        same = p.data is array and np.array_equal(array, old) and p.grad is None
        assert same, f"{what} changed {name}: a model that writes does not learn"


def logits_of(model: Any, text: np.ndarray) -> np.ndarray:
    """The model's logits at every place of a text, in evaluation mode; the mode is put back."""
    modes = [(part, part.training) for part in model.modules()]
    logits = model.eval()(text).data
    for part, mode in modes:
        part.training = mode
    return logits


def prefills(prefill: Callable, kind: Callable, model: Any, batch: int, pieces: Pieces, idea: str) -> None:
    """A text that comes in pieces has, after each, the logits that the model gives there for the whole text."""
    dtype, text = model.wte.weight.dtype, tokens(model.config, batch, sum(pieces), 3)
    cache = emptied(kind(model.config, batch, dtype))
    model.blocks[-1].eval()  # one part has a mode of its own
    wanted = logits_of(model, text)
    for places in slices(pieces):
        what = f"prefill of tokens {places.start} to {places.stop - 1} of {batch} texts, {dtype}"
        with left_alone(what, model), runs_once(what, model), unchanged(what, "only read", tokens=text):
            with explained(what, idea):
                got = prefill(model, text[:, places], cache)
        _is_a_result(what, got)
        like(what, got, wanted[:, places.stop - 1], dtype, idea)
        equal(f"{what}: the cache's length", cache.length, places.stop, "now it holds these tokens too")
    _makes_few_logits(prefill, kind, type(model)(replace(model.config, vocab_size=20_000)))


def _makes_few_logits(prefill: Callable, kind: Callable, model: Any) -> None:
    """A prefill takes memory for the logits of one token."""
    text, cache = tokens(model.config, 1, model.config.block_size), kind(model.config)

    def run() -> None:
        cache.truncate(0)
        prefill(model, text, cache)

    run()
    taken, one = allocated_bytes(run), 4 * model.config.vocab_size
    assert taken < 2 * one, (
        f"prefill of {text.size} tokens took {taken:,} bytes where the logits of one are {one:,}: do only those of "
        "the last token"
    )


def decodes(decode_step: Callable, kind: Callable, model: Any, batch: int, steps: int, idea: str) -> None:
    """Tokens one after another have the logits that the model gives for the text so far."""
    dtype, text = model.wte.weight.dtype, tokens(model.config, batch, steps, 4)
    cache = emptied(kind(model.config, batch, dtype))
    wanted = logits_of(model, text)
    for place in range(steps):
        what = f"decode_step of token {place} of {batch} texts, {dtype}"
        with left_alone(what, model), runs_once(what, model), unchanged(what, "only read", token=text):
            with explained(what, idea):
                got = decode_step(model, text[:, place], cache)
        _is_a_result(what, got)
        like(what, got, wanted[:, place], dtype, idea)
        equal(f"{what}: the cache's length", cache.length, place + 1, "one more than before")


def decodes_one_each(decode_step: Callable, kind: Callable, model: Any) -> None:
    """`decode_step` refuses what is not one token for each text, and a token behind a full cache."""
    text = tokens(model.config, 2, model.config.block_size, 7)
    cache = kind(model.config, 2, model.wte.weight.dtype)
    cases = [(text[:1, 0], ValueError, ("batch",)), (text[:, :2], ValueError, ()), (text[:, :1], ValueError, ()),
             (3, ValueError, ()), ([0.5, 1.5], TypeError, ("whole",))]
    refuses_tokens(lambda token: decode_step(model, token, cache), cache, cases)
    single = kind(model.config, 1, model.wte.weight.dtype)
    refuses_tokens(lambda token: decode_step(model, token, single), single, [(3, ValueError, ())])
    cache.length = cache.block_size
    full = [(text[:, 0], ValueError, (f"holds {cache.length} tokens of at most {cache.length}",))]
    refuses_tokens(lambda token: decode_step(model, token, cache), cache, full)


def _is_a_result(what: str, got: Any) -> None:
    assert not isinstance(got, np.ndarray), f"{what} gave an array, wanted a Tensor: wrap it"
    assert not got.requires_grad, f"{what}: the logits require a gradient: no record is wanted, see no_grad"


def refuses_tokens(run: Callable, cache: Any, cases: Sequence[tuple[Any, type[Exception], tuple[str, ...]]]) -> None:
    """`run(tokens)` raises an error of this kind with these words, and leaves the length of the cache."""
    held = cache.length
    for given, kind, words in cases:
        what = f"{np.shape(given)} tokens, {held} of {cache.keys.shape[3]} in the cache of {cache.keys.shape[1]} texts,"
        raises(what, partial(run, given), kind, *words, idea="what does the docstring refuse?")
        equal(f"the cache's length after {what} were refused", cache.length, held, "it stays as it was")


def spied(gpt: Callable, config: Callable[[Callable], Any]) -> tuple[Any, list[tuple[int, int]]]:
    """A GPT of `config(activation)`, and the list to which each of its blocks adds (texts, tokens) when it runs."""
    seen: list[tuple[int, int]] = []

    def watching(x: Any) -> Any:
        seen.append(tuple(map(int, x.shape[:2])))
        return x.tanh()

    return stirred(gpt(config(watching))), seen


def generates(function: Callable, model: Any, batch: int, prompt: int, new: int, idea: str, **options: Any) -> None:
    """`generate_cached` gives the tokens of `model.generate`, and leaves the prompt and the model as they were."""
    text = tokens(model.config, batch, prompt, 6)
    shown = ", ".join(f"{name}={value}" for name, value in options.items())
    what = f"generate_cached of {batch} x {prompt} tokens, {new} more, block_size {model.config.block_size}, {shown}"
    wanted = model.generate(text, new, **options)
    with left_alone(what, model), unchanged(what, "only read", idx=text), explained(what, idea):
        got = function(model, text, new, **options)
    typed(what, got, np.int64, "as generate gives them")
    equal(f"{what}: the shape", got.shape, wanted.shape, "the prompt, and behind it the new tokens")
    for row, place in np.argwhere(got.data != wanted.data)[:1]:
        equal(f"{what}: token {place} of text {row}", got.data[row, place].item(), wanted.data[row, place].item(), idea)
    again = function(model, text, new, **options)
    equal(f"{what}: the tokens of a second call", again.data.tolist(), got.data.tolist(), "each call has its own cache")


def draws_alike(function: Callable, model: Any, manual_seed: Callable) -> None:
    """Without a seed the random numbers are those of the lessons' generator, as many as `generate` takes."""
    text, got = tokens(model.config, 2, 3), []
    for write in (model.generate, lambda *args: function(model, *args)):
        manual_seed(8)
        got.append([write(text, 4).data.tolist() for _ in range(2)])
    equal("generate_cached twice without a seed, after manual_seed(8),", got[1], got[0], "draw from generator()")
