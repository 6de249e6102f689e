"""An autoencoder of handwritten digits, written for PyTorch: only the import lines name TinyTorch.

    python examples/ports/autoencoder.py [--epochs N]

64 pixels are squeezed into 8 numbers, from which they are drawn again. Prints the mean squared error on images held
back, then some of these images above their copies.
"""

import argparse

import numpy as np

import tinytorch as torch
import tinytorch.nn as nn
from tinytorch.support.data import load_digits

SHADES = " .:-=+*#%@"


class Autoencoder(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, 48),
            nn.ReLU(),
            nn.Linear(48, code),
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, 48),
            nn.ReLU(),
            nn.Linear(48, 64),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x)).view(x.shape)


def init_weights(module):
    """The start of He and others (2015), arXiv:1502.01852, for the layers with weights."""
    if isinstance(module, nn.Linear):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


def train(model, images, epochs, rng, batch_size=64):
    """The mean loss of each epoch; the learning rate is a tenth for the last third of them."""
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0, momentum=0.9, weight_decay=1e-6)
    loss_fn = nn.MSELoss()
    means = []
    model.train()
    for epoch in range(epochs):
        if epoch == 2 * epochs // 3:
            for group in optimizer.param_groups:
                group["lr"] *= 0.1
        total = 0.0
        for batch in torch.split(images[torch.from_numpy(rng.permutation(len(images)))], batch_size):
            loss = loss_fn(model(batch), batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * batch.size(0)
        means.append(total / len(images))
    return means


def error_of(model, images):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(images), images).item()


def draw(images):
    """Images (n, 8, 8) of numbers from 0 to 1 side by side, as lines of text."""
    for row in range(8):
        rows = [images[i, row].tolist() for i in range(len(images))]
        print("   ".join("".join(2 * SHADES[int(9.99 * pixel)] for pixel in pixels) for pixels in rows))


def main(epochs):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    images = torch.tensor(load_digits()[0]).reshape(-1, 8, 8)
    images, unseen = images[:1400], images[1400:]

    model = Autoencoder()
    model.apply(init_weights)
    print(model)
    mean_image = images.mean(dim=0, keepdim=True)
    print(f"error of the mean image {((unseen - mean_image) ** 2).mean().item():.4f}")
    for epoch, loss in enumerate(train(model, images, epochs, rng), start=1):
        if epoch % 5 == 0 or epoch == epochs:
            print(f"epoch {epoch:2}: loss {loss:.4f}")
    print(f"error on images held back {error_of(model, unseen):.4f}")

    with torch.no_grad():
        draw(unseen[:4])
        print()
        draw(model(unseen[:4]).clamp(0, 1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=30, help="passes over the images (default 30)")
    main(parser.parse_args().epochs)
