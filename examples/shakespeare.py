"""Train a GPT on the works of Shakespeare, on a CPU, and let it write.

    python examples/shakespeare.py [--minutes N] [--threads N] [--dtype float16] [--out FILE] [--plot FILE]
    python examples/shakespeare.py --resume FILE

37 works train it, two more give the validation figures on the way, and three plays, which decide nothing, give the last
figure: bits a character. A checkpoint is written every few updates and after Ctrl-C; from it, --resume goes on as if
there had been no break. The tokenizer lies in a file beside the checkpoint.
"""

import argparse
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import tinytorch as tt
from tinytorch.core.transformers import consecutive_windows
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu
from tinytorch.optimization.kernels import fused_cross_entropy
from tinytorch.optimization.precision import autocast
from tinytorch.support.checkpoint import read_checkpoint, write_checkpoint
from tinytorch.support.interrupt import Interrupt
from tinytorch.support.threads import MAX_THREADS

VALIDATION = ("As You Like It", "Julius Caesar")
WARM_UP = 100  # updates
LEAST = {"seed": 0, "steps": 0, "vocabulary": 256}  # of other numbers: something above 0
PICTURES = (".png", ".svg", ".pdf")
SETTINGS = {  # what a training keeps to its end: the default, and what it is
    "minutes": (10.0, "length of the training, breaks not counted; the learning rate falls to its end"),
    "steps": (0, "this many updates, however long they take, in place of --minutes"),
    "dtype": ("float32", "float32, or mixed precision in float16 or bfloat16"),
    "seed": (0, "of the weights and of the windows of text"),
    "layers": (4, "blocks of the network"),
    "heads": (4, "heads of each attention"),
    "width": (128, "numbers for each token"),
    "context": (64, "tokens that the network sees at once"),
    "batch": (16, "windows of text in an update"),
    "vocabulary": (1024, "tokens of the tokenizer"),
    "lr": (4e-3, "peak of the learning rate"),
    "every": (50, "updates to a line and a checkpoint"),
}


class Clipped(MixedPrecisionTrainer):
    """Lesson 18's trainer, with the gradients clipped between their unscaling and the update."""

    def unscale_gradients(self, parameters):
        valid = super().unscale_gradients(parameters)
        if valid:
            tt.clip_grad_norm(parameters, 1.0)
        return valid


class TextTrainer(tt.Trainer):
    """Lesson 07's loop; in 16 bits with lesson 18's update."""

    def __init__(self, model, optimizer, schedule, dtype):
        super().__init__(model, optimizer, fused_cross_entropy, schedule, clip_norm=1.0)
        self.dtype, self.mixed = dtype, None
        if dtype != "float32":
            self.mixed = Clipped(model, optimizer, loss_fn=fused_cross_entropy, dtype=dtype)

    def precision(self):
        return nullcontext() if self.mixed is None else autocast(self.dtype)

    def train_step(self, group):
        if self.mixed is None:
            return super().train_step(group)
        (batch,) = group
        loss = self.mixed.train_step(batch)["loss"]
        self.schedule.step()
        self.steps += 1
        return tt.Score(loss, None)

    def evaluate(self, inputs, targets):
        with self.precision():
            return tt.evaluate(self.model, self.loss_fn, inputs, targets, batch_size=32)

    def state_dict(self):
        scaler = {} if self.mixed is None else {"scaler": self.mixed.scaler.state_dict()}
        return {**super().state_dict(), **scaler}

    def restore(self, state):
        super().restore(state)
        if self.mixed is not None:
            self.mixed.scaler.load_state_dict(state["scaler"])


class Text:
    """The tokens to train on, windows of those to validate on, and how many characters one of the latter stands for."""

    def __init__(self, train, validation, tokenizer, context):
        self.train, kept = (np.array(tokenizer.encode(text)) for text in (train, validation))
        self.characters, windows = len(validation) / len(kept), 16384 // context
        self.validation = next(consecutive_windows(kept[: windows * context + 1], context, windows))

    def bits(self, loss):
        """Bits a character of the validation plays where a token costs `loss` nats."""
        return tt.bits_per_character(loss, tokens=1, characters=self.characters)


def build(settings):
    """The trainer of a new network. How many updates it makes in its minutes, the first of them will tell."""
    tt.manual_seed(settings["seed"])
    sizes = [settings[name] for name in ("vocabulary", "context", "layers", "heads", "width")]
    model = tt.GPT(tt.GPTConfig(*sizes, activation=fused_gelu))
    optimizer = tt.AdamW(tt.decay_groups(model, weight_decay=0.1), lr=settings["lr"], betas=(0.9, 0.95))
    total = settings["steps"] or 100 * WARM_UP
    schedule = tt.CosineSchedule(optimizer, total, min(WARM_UP, total // 10), minimum=settings["lr"] / 20)
    return TextTrainer(model, optimizer, schedule, settings["dtype"])


def plan(trainer, settings, seconds):
    """Let the schedule end after the updates that were asked for, or after those that the minutes will hold."""
    total = settings["steps"] or int(trainer.steps * 60 * settings["minutes"] / seconds)
    trainer.schedule.total_steps = max(total, trainer.steps)
    trainer.schedule.set_rates()


def train(trainer, text, settings, seconds, path, tokenizer):
    """Train to the end of the schedule, or until Ctrl-C; whether the end was reached.

    `seconds` have passed already. A line and a checkpoint come after each few updates, a sample more rarely.
    """
    schedule, started = trainer.schedule, time.perf_counter() - seconds
    with Interrupt() as interrupt:
        while (left := schedule.total_steps - trainer.steps) and not interrupt.wanted:
            windows = tt.TextWindows(text.train, settings["batch"], settings["context"], min(settings["every"], left))
            row = trainer.fit(interrupt.until(windows), 1, validation=text.validation)[-1]
            seconds = time.perf_counter() - started
            plan(trainer, settings, seconds)
            write_checkpoint(path, {"settings": settings, "seconds": seconds, "training": trainer.state_dict()})
            print(progress(trainer, text.bits(row.validation_loss), settings, seconds), flush=True)
            if trainer.epoch % 10 == 0:
                print(sample(trainer, tokenizer, 40), flush=True)
    return trainer.steps == schedule.total_steps


def progress(trainer, bits, settings, seconds):
    """A line on where the training stands."""
    tokens, done = settings["batch"] * settings["context"], trainer.steps / trainer.schedule.total_steps
    return (f"{trainer.steps:5d} updates: {trainer.steps * tokens / seconds:6,.0f} tokens/s, "
            f"loss {trainer.history[-1].loss:.3f}, validation {bits:.3f} bits a character, "
            f"{seconds * (1 / done - 1) / 60:.1f} minutes left")  # fmt: skip


def sample(trainer, tokenizer, count):
    """What the network writes after an empty line, between two rules; always from the same random numbers."""
    with trainer.precision():
        ids = trainer.model.generate([tokenizer.encode("\n\n")], count, temperature=0.8, top_k=50, seed=0)
    written = tokenizer.decode(ids.tolist()[0]).encode("ascii", "replace").decode().strip()
    return f"{'-' * 60}\n{written}\n{'-' * 60}"


def report(trainer, tokenizer, plays):
    """Print the bits a character of each of the plays, and of all together."""
    bits = {}
    for title, play in plays.items():
        tokens = np.array(tokenizer.encode(play))
        with trainer.precision():
            bits[title] = tt.bits_per_character(tt.text_loss(trainer.model, tokens), len(tokens), len(play))
        print(f"{title}: {bits[title]:.3f} bits a character")
    together = sum(bits[title] * len(play) for title, play in plays.items()) / sum(map(len, plays.values()))
    print(f"the three plays together: {together:.3f} bits a character")


def plot(history, path):
    """Draw the losses on the training text and on the validation plays, and save the picture."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    minutes = np.cumsum([row.seconds for row in history]) / 60
    for name, losses in (("training", [row.loss for row in history]),
                         ("validation", [row.validation_loss for row in history])):  # fmt: skip
        pyplot.plot(minutes, losses, label=name)
    pyplot.gca().set(xlabel="minutes", ylabel="nats a token")
    pyplot.legend()
    pyplot.savefig(path)


def read_arguments(arguments=None):
    """The options of the command line, and with them the settings, the trainer, and the seconds that it has trained.

    Ends the program with exit code 2 where they make no sense.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, (default, meaning) in SETTINGS.items():
        choices = ("float32", "float16", "bfloat16") if name == "dtype" else None
        parser.add_argument(f"--{name}", type=type(default), choices=choices, help=f"{meaning} (default {default})")
    parser.add_argument("--out", type=Path, default=Path("shakespeare.npz"), help="checkpoint (default %(default)s)")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on from this checkpoint, and keep writing it")
    parser.add_argument("--threads", type=int, default=MAX_THREADS, help="to compute with (default %(default)s)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="save the curves as a .png, .svg or .pdf")
    options = parser.parse_args(arguments)
    given = {name: value for name in SETTINGS if (value := getattr(options, name)) is not None}
    try:
        check_options(options, given)
        saved = read_checkpoint(options.resume) if options.resume else {"settings": {}, "seconds": 0.0}
        defaults = {name: default for name, (default, _) in SETTINGS.items()}
        if "minutes" in given:
            given.setdefault("steps", 0)
        options.settings, options.seconds = {**defaults, **saved["settings"], **given}, saved["seconds"]
        options.trainer = build(options.settings)
        if options.resume:
            options.trainer.load_state_dict(saved["training"])
            plan(options.trainer, options.settings, options.seconds)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return options


def check_options(options, given):
    """Raise ValueError for options that make no sense, or not together."""
    for name, value in {"threads": options.threads, **given}.items():
        if name != "dtype" and not LEAST.get(name, 1e-6) <= value < 1e9:
            least = f"at least {LEAST[name]}" if name in LEAST else "above 0"
            raise ValueError(f"--{name} {value} must be {least}, and below 1e9")
    if options.resume and (fixed := set(given) - {"minutes", "steps"}):
        raise ValueError(f"--{min(fixed)}: a training that is resumed keeps its own; --minutes and --steps may change")
    if not options.resume and options.out.exists():
        raise ValueError(f"--out {options.out}: this file is there already; --resume it, or choose another name")
    for path, kinds in ((options.out, (".npz",)), (options.plot, PICTURES)):
        if path and (path.suffix not in kinds or not path.absolute().parent.is_dir()):
            raise ValueError(f"{path} must be a {' or '.join(kinds)} file in a folder that is there")


def main(arguments=None):
    """Run from the command line; the exit code."""
    options = read_arguments(arguments)
    trainer, settings, path = options.trainer, options.settings, options.resume or options.out
    works, plays = tt.load_shakespeare()
    validation = "".join(works.pop(title) for title in VALIDATION)
    training = "".join(works.values())
    tt.set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        if not options.resume:
            tt.BPETokenizer.train(training, settings["vocabulary"]).save(path.with_suffix(".tokens.json"))
        tokenizer = tt.BPETokenizer.load(path.with_suffix(".tokens.json"))
        text = Text(training, validation, tokenizer, settings["context"])
        print(f"{sum(p.size for p in trainer.model.parameters()):,} parameters, {len(text.train):,} tokens to train on")
        if not train(trainer, text, settings, options.seconds, path, tokenizer):
            print(f"stopped: `python {sys.argv[0]} --resume {path}` goes on")
            return 130
        print(sample(trainer, tokenizer, 200))
        report(trainer, tokenizer, plays)
    if options.plot:
        plot(trainer.history, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
