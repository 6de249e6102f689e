"""Train a GELU network on handwritten digits twice, in float32 and in float16 mixed precision, and compare the two.

    python examples/digits.py [--seed N] [--epochs N] [--plot FILE]

Prints an epoch a line, then test accuracy, time, the operations of a step and the measured memory of the activations
side by side. float16 takes longer: a step runs more operations (casts there and back, and the scaling of the loss), and
its products are computed in float32, for NumPy has no fast product of 16-bit numbers. What it saves here is memory. The
exit code is 1 where either network names fewer than 96.5 % of the test images rightly.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import tinytorch
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import AdamW
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import CosineSchedule, Score, Trainer, load_digits, stratified_split, updates_per_epoch
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import Trace, saved_bytes
from tinytorch.support.tables import column, table

HOME = Path(__file__).resolve().parent.parent
DIGITS = HOME / "datasets" / "digits" / "digits.csv.gz"
ENOUGH = 0.965
BATCH = 32
PICTURES = (".png", ".svg", ".pdf")


class MixedTrainer(Trainer):
    """Lesson 07's loop, with lesson 18's mixed-precision step in it, measured in half precision too."""

    def __init__(self, model, optimizer, loss_fn, schedule):
        super().__init__(model, optimizer, loss_fn, schedule)
        self.mixed = MixedPrecisionTrainer(model, optimizer, loss_fn=loss_fn, dtype="float16")

    def train_step(self, group):
        (batch,) = group
        metrics = self.mixed.train_step(batch)
        self.schedule.step()
        self.steps += 1
        return Score(metrics["loss"], None)

    def evaluate(self, inputs, targets):
        with autocast("float16"):
            return super().evaluate(inputs, targets)


@dataclass(frozen=True)
class Row:
    """What the table shows of one training."""

    precision: str = column("precision")
    accuracy: float = column("test accuracy %", ".2f", 100)
    seconds: float = column("training s", ".2f")
    operations: int = column("operations a step")
    activations: int = column("activations KiB", ".1f", 1 / 1024)


def train(precision, data, validation, epochs, seed):
    """Train one network; its row for the table and its history."""
    manual_seed(seed)
    model = Sequential(Linear(64, 128), fused_gelu, Linear(128, 10))
    optimizer, loss_fn = AdamW(model.parameters(), lr=0.02), CrossEntropyLoss(label_smoothing=0.1)
    updates = updates_per_epoch(len(data[0]), BATCH)
    schedule = CosineSchedule(optimizer, epochs * updates, warmup_steps=min(epochs, 2) * updates // 2)
    kind = MixedTrainer if precision == "float16" else Trainer
    trainer = kind(model, optimizer, loss_fn, schedule)
    start = time.perf_counter()
    history = trainer.fit(data, epochs, BATCH, validation, progress=True)
    seconds = time.perf_counter() - start
    accuracy = trainer.evaluate(*validation).accuracy
    activations = activation_bytes(model, loss_fn, data, precision)
    return Row(precision, accuracy, seconds, operations_of(trainer, data), activations), history


def operations_of(trainer, data):
    """How many operations one more step of the trainer runs."""
    batch = tuple(Tensor(array[:BATCH]) for array in data)
    with Trace() as trace:
        trainer.train_step([batch])
    return len(trace.operations)


def activation_bytes(model, loss_fn, data, precision):
    """What the graph of one batch holds for its backward pass, the images included."""
    images, labels = data
    with autocast("float16", enabled=precision == "float16"):
        loss = loss_fn(model(Tensor(images[:BATCH])), labels[:BATCH])
    return saved_bytes(loss, model.parameters()).activations


def compile_kernels():
    """Let Numba compile fused_gelu for both types now, so that neither training's time holds it."""
    for precision in ("float32", "float16"):
        fused_gelu(Tensor([1.0], dtype=precision, requires_grad=True)).backward()


def plot(histories, path):
    """Draw the test loss and accuracy of each training, epoch by epoch, and save the picture."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    for (precision, history), style in zip(histories.items(), ("-", "--"), strict=True):
        epochs = [row.epoch for row in history]
        left.plot(epochs, [row.validation_loss for row in history], style, label=precision)
        right.plot(epochs, [100 * row.validation_accuracy for row in history], style, label=precision)
    left.set(title="test loss", xlabel="epoch")
    right.set(title="test accuracy in %", xlabel="epoch")
    left.legend()
    figure.tight_layout()
    figure.savefig(path)


def note_another_package():
    """Say so where the tinytorch that Python found is not the one beside this program."""
    beside, used = HOME / "tinytorch", Path(tinytorch.__file__).resolve().parent
    if beside.is_dir() and used != beside.resolve():
        words = f"this uses {used}, not {beside}; `python -m pip install -e {HOME}` changes that"
        print(f"note: {words}", file=sys.stderr)


def read_arguments(arguments=None):
    """The options of the command line; ends the program with exit code 2 where they make no sense."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the shuffling (default 0)")
    parser.add_argument("--epochs", type=int, default=15, help="of each training (default 15)")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="save the learning curves as a .png, .svg or .pdf")
    options = parser.parse_args(arguments)
    if options.seed < 0 or options.epochs < 1:
        parser.error("--seed must be at least 0 and --epochs at least 1")
    if options.plot and (options.plot.suffix not in PICTURES or not options.plot.absolute().parent.is_dir()):
        parser.error(f"--plot {options.plot} must be one of {', '.join(PICTURES)}, in a folder that is there")
    return options


def main(arguments=None):
    """Run from the command line; the exit code."""
    options = read_arguments(arguments)
    note_another_package()

    images, labels = load_digits(DIGITS)
    train_part, test_part = stratified_split(labels, fraction=0.2, seed=options.seed)
    data, validation = (images[train_part], labels[train_part]), (images[test_part], labels[test_part])
    compile_kernels()

    rows, histories = [], {}
    for precision in ("float32", "float16"):
        print(f"64-128-10 with GELU in {precision}, {len(train_part)} images, batches of {BATCH}")
        row, histories[precision] = train(precision, data, validation, options.epochs, options.seed)
        rows.append(row)
        print()
    print(table(rows, f"{len(test_part)} test images; activations that a batch of {BATCH} holds for the backward pass"))
    print("\nA float16 step takes longer: it runs casts and scaling too, and its products are computed in float32.")
    if options.plot:
        plot(histories, options.plot)
        print(f"\nlearning curves: {options.plot}")

    short = [row for row in rows if row.accuracy < ENOUGH]
    for row in short:
        print(f"\n{row.precision} reached {row.accuracy:.2%}, at least {ENOUGH:.1%} was wanted", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
