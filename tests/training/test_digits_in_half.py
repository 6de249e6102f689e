"""The digits in both halves: over five seeds their mean accuracy is float32's, within half a point."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np

from tests.operations.check import HALVES
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.core.training import batches, load_digits, stratified_split
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu
from tinytorch.optimization.precision import autocast
from tinytorch.support.threads import one_thread

IMAGES, LABELS = load_digits(Path(__file__).resolve().parents[2] / "datasets" / "digits" / "digits.csv.gz")
EPOCHS = 12


def float32_step(net, optimizer, loss_fn):
    def step(batch):
        optimizer.zero_grad()
        loss_fn(net(batch[0]), batch[1]).backward()
        optimizer.step()

    return step


def accuracy(precision: str, seed: int) -> float:
    """Percent of the test images named rightly, the test run in `precision` too."""
    manual_seed(seed)
    train, test = stratified_split(LABELS, 0.2, seed)
    net, loss_fn = Sequential(Linear(64, 128), fused_gelu, Linear(128, 10)), CrossEntropyLoss()
    optimizer, half = Adam(net.parameters(), lr=3e-3), precision != "float32"
    mixed = MixedPrecisionTrainer(net, optimizer, loss_fn=loss_fn, dtype=precision if half else "float16")
    step = mixed.train_step if half else float32_step(net, optimizer, loss_fn)
    for _ in range(EPOCHS):
        for batch in batches(IMAGES[train], LABELS[train], 64):
            step(batch)
    with no_grad(), autocast(precision) if half else nullcontext():
        guesses = net(Tensor(IMAGES[test])).numpy().argmax(axis=1)
    return 100 * float(np.mean(guesses == LABELS[test]))


def test_both_halves_reach_float32s_mean_accuracy_over_five_seeds():
    with one_thread():
        mean = {kind: np.mean([accuracy(kind, seed) for seed in range(5)]) for kind in ("float32", *HALVES)}
    assert mean["float32"] > 95
    for half in HALVES:
        assert mean[half] >= mean["float32"] - 0.5, mean
