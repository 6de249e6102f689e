"""Train a convolutional network on handwritten digits that are moved at random, and show which digits it mixes up.

    python examples/digits_conv.py [--seed N] [--epochs N] [--save FILE]

Of 5,000 digits of 20 x 20 pixels, 3,600 are learned from, 400 tell after each epoch how it goes, and 1,000 test the
network at the end, once. Beside it stands a network of Linear layers, trained on the same digits as they are. The exit
code is 1 where the convolutional network names fewer than 97 % of the test digits rightly.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tinytorch import manual_seed, nn
from tinytorch.core.dataloader import DataLoader, TensorDataset, default_collate, random_shift
from tinytorch.core.optimizers import AdamW
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import CosineSchedule, Trainer, stratified_split, updates_per_epoch
from tinytorch.support.checkpoint import write_checkpoint
from tinytorch.support.data import load_digits20
from tinytorch.support.shifts import by_shift

DIGITS = Path(__file__).resolve().parent.parent / "datasets" / "digits20" / "digits.png"
ENOUGH = 0.97
BATCH, MOVE, RATE = 50, 2, 0.01  # MOVE: by how many pixels a digit is moved at most


def convolutional():
    """Two convolutions, each with batch normalisation and pooling, and a Linear layer."""
    layers = []
    for channels in [(1, 16), (16, 32)]:
        layers += [nn.Conv2d(*channels, 3, padding=1), nn.BatchNorm2d(channels[1]), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 5 * 5, 10))


def linear():
    """A network of Linear layers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(400, 128), nn.ReLU(), nn.Linear(128, 10))


def moved(items):
    """A batch whose digits are moved at random."""
    images, labels = default_collate(items)
    return random_shift(images, MOVE), labels


def train(model, data, validation, epochs, collate, progress):
    """Train a model by AdamW with a rate that rises and falls; its trainer."""
    loader = DataLoader(TensorDataset(*map(Tensor, data)), BATCH, shuffle=True, collate_fn=collate)
    optimizer = AdamW(model.parameters(), lr=RATE)
    updates = epochs * updates_per_epoch(len(data[0]), BATCH)
    schedule = CosineSchedule(optimizer, updates, warmup_steps=updates // 10)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), schedule)
    trainer.fit(loader, epochs, validation=validation, progress=progress)
    return trainer


def confusion(model, images, labels):
    """How often each digit, a row, was taken for each other, a column; and the accuracy."""
    found = model.eval()(images).numpy().argmax(axis=1)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, found), 1)
    return counts, float(np.mean(found == labels))


def show(counts):
    """Print the confusions, with a dot where there is none."""
    print("\ntaken for " + "".join(f"{digit:5}" for digit in range(10)))
    for digit, row in enumerate(counts):
        print(f"digit {digit}   " + "".join(f"{count:5}" if count else "    ." for count in row))


def read_arguments(arguments=None):
    """The options of the command line; ends the program with exit code 2 where they make no sense."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the moves (default 0)")
    parser.add_argument("--epochs", type=int, default=20, help="of either training (default 20)")
    parser.add_argument("--save", metavar="FILE", type=Path, help="write the network's state to FILE, an .npz")
    options = parser.parse_args(arguments)
    if options.seed < 0 or options.epochs < 1:
        parser.error("--seed must be at least 0 and --epochs at least 1")
    if options.save and (options.save.suffix != ".npz" or not options.save.absolute().parent.is_dir()):
        parser.error(f"--save {options.save} must be an .npz file in a folder that is there")
    return options


def main(arguments=None):
    """Run from the command line; the exit code."""
    options = read_arguments(arguments)
    images, labels = load_digits20(DIGITS)
    images = images[:, np.newaxis]
    rest, test = stratified_split(labels, fraction=0.2, seed=options.seed)
    learned, held = stratified_split(labels[rest], fraction=0.1, seed=options.seed)
    data, validation = ((images[part], labels[part]) for part in (rest[learned], rest[held]))

    manual_seed(options.seed)
    flat = linear()
    train(flat, data, validation, options.epochs, None, progress=False)
    model, start = convolutional(), time.perf_counter()
    trainer = train(model, data, validation, options.epochs, moved, progress=True)
    seconds = time.perf_counter() - start
    if options.save:
        write_checkpoint(options.save, trainer.state_dict())

    counts, accuracy = confusion(model, images[test], labels[test])
    show(counts)
    print(f"\naccuracy on {len(test)} test digits, moved by up to 3 pixels up, down, left and right:")
    for name, network in [("Linear layers", flat.eval()), ("convolutions", model)]:
        print(f"{name:14} {by_shift(network, images[test], labels[test])}")
    print(f"\n{len(data[0])} digits, {options.epochs} epochs in {seconds:.1f} s; test accuracy {accuracy:.2%}")
    if accuracy < ENOUGH:
        print(f"at least {ENOUGH:.0%} was wanted", file=sys.stderr)
    return 0 if accuracy >= ENOUGH else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
