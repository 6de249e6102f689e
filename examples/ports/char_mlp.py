"""A language model of characters that invents chemical elements, written for PyTorch: only the imports name TinyTorch.

    python examples/ports/char_mlp.py [--steps N]

Three characters of a name, as rows of an embedding table, go through one hidden layer, which says what the fourth may
be (after Bengio and others, A neural probabilistic language model, 2003). No module and no optimizer: the parameters
are plain tensors, and the update is written out.
"""

import argparse

import numpy as np

import tinytorch as torch
import tinytorch.nn.functional as F

ELEMENTS = """
hydrogen helium lithium beryllium boron carbon nitrogen oxygen fluorine neon sodium magnesium aluminium silicon
phosphorus sulfur chlorine argon potassium calcium scandium titanium vanadium chromium manganese iron cobalt nickel
copper zinc gallium germanium arsenic selenium bromine krypton rubidium strontium yttrium zirconium niobium molybdenum
technetium ruthenium rhodium palladium silver cadmium indium tin antimony tellurium iodine xenon caesium barium
lanthanum cerium praseodymium neodymium promethium samarium europium gadolinium terbium dysprosium holmium erbium
thulium ytterbium lutetium hafnium tantalum tungsten rhenium osmium iridium platinum gold mercury thallium lead bismuth
polonium astatine radon francium radium actinium thorium protactinium uranium neptunium plutonium americium curium
berkelium californium einsteinium fermium mendelevium nobelium lawrencium rutherfordium dubnium seaborgium bohrium
hassium meitnerium darmstadtium roentgenium copernicium nihonium flerovium moscovium livermorium tennessine oganesson
""".split()
BLOCK = 3  # characters that the next one is guessed from

chars = ["."] + sorted(set("".join(ELEMENTS)))  # the dot stands before and after a name
stoi = {c: i for i, c in enumerate(chars)}
itos = {i: c for c, i in stoi.items()}


def build_dataset(words):
    """Contexts (n, BLOCK) and the characters that follow them (n,), as numbers."""
    X, Y = [], []
    for word in words:
        context = [0] * BLOCK
        for c in word + ".":
            X.append(context)
            Y.append(stoi[c])
            context = context[1:] + [stoi[c]]
    return torch.tensor(X), torch.tensor(Y)


def make_parameters(embedding=8, hidden=64):
    C = torch.randn((len(chars), embedding))
    W1 = torch.randn((BLOCK * embedding, hidden)) * (5 / 3) / (BLOCK * embedding) ** 0.5
    b1 = torch.randn(hidden) * 0.01
    W2 = torch.randn((hidden, len(chars))) * 0.01
    b2 = torch.zeros(len(chars))
    parameters = [C, W1, b1, W2, b2]
    for p in parameters:
        p.requires_grad = True
    return parameters


def logits_of(parameters, X):
    C, W1, b1, W2, b2 = parameters
    emb = C[X]  # (n, BLOCK, embedding)
    h = torch.tanh(emb.view(emb.shape[0], -1) @ W1 + b1)
    return h @ W2 + b2


def train(parameters, X, Y, steps, rng, batch_size=32):
    """Steps of gradient descent on random batches; the loss of each."""
    losses = []
    for i in range(steps):
        ix = torch.from_numpy(rng.integers(0, X.shape[0], (batch_size,)))
        loss = F.cross_entropy(logits_of(parameters, X[ix]), Y[ix])

        for p in parameters:
            p.grad = None
        loss.backward()

        lr = 0.2 if i < steps // 2 else 0.05
        for p in parameters:
            p.data += -lr * p.grad
        losses.append(loss.item())
    return losses


@torch.no_grad()
def mean_loss(parameters, X, Y):
    return F.cross_entropy(logits_of(parameters, X), Y).item()


@torch.no_grad()
def sample(parameters):
    """A name, character by character, each drawn with its probability."""
    name, context = "", [0] * BLOCK
    while len(name) < 30:
        probs = F.softmax(logits_of(parameters, torch.tensor([context])), dim=1)
        ix = torch.multinomial(probs, num_samples=1).item()
        if ix == 0:
            break
        name += itos[ix]
        context = context[1:] + [ix]
    return name


def main(steps):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    words = [str(word) for word in rng.permutation(ELEMENTS)]
    X, Y = build_dataset(words[:106])
    Xdev, Ydev = build_dataset(words[106:])
    parameters = make_parameters()
    print(f"{len(X)} examples, {sum(p.nelement() for p in parameters):,} parameters")

    print(f"loss before {mean_loss(parameters, X, Y):.3f}, by guessing {np.log(len(chars)):.3f}")
    train(parameters, X, Y, steps, rng)
    print(f"loss after  {mean_loss(parameters, X, Y):.3f}, on names held back {mean_loss(parameters, Xdev, Ydev):.3f}")
    print("new elements:", ", ".join(sample(parameters) for _ in range(8)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=1000, help="of gradient descent (default 1000)")
    main(parser.parse_args().steps)
