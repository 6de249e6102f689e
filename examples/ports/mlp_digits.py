"""A multilayer perceptron that reads handwritten digits, written for PyTorch: only the import lines name TinyTorch.

    python examples/ports/mlp_digits.py [--epochs N]

Prints the loss and the accuracy on images held back, epoch by epoch, and reads the same from the saved weights.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import tinytorch as torch
import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch.support.data import load_digits

device = "cuda" if torch.cuda.is_available() else "cpu"


class MLP(nn.Module):
    def __init__(self, hidden=64, dropout=0.1):
        super().__init__()
        self.fc1 = nn.Linear(8 * 8, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 10)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        x = self.dropout(F.relu(self.fc2(x)))
        return self.out(x)


def load_data():
    """Images (n, 8, 8) and labels (n,) as tensors: 1,400 to train with and the rest to look at afterwards."""
    images, labels = load_digits()
    order = np.random.default_rng(0).permutation(len(labels))
    images = torch.tensor(images[order]).reshape(-1, 8, 8).to(device)
    labels = torch.tensor(labels[order], dtype=torch.long).to(device)
    return images[:1400], labels[:1400], images[1400:], labels[1400:]


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    predicted = model(images).argmax(dim=1)
    return (predicted == labels).float().mean().item()


def train_epoch(model, optimizer, images, labels, rng, batch_size=50):
    """One pass over the images in random batches; the loss of each batch."""
    model.train()
    criterion = nn.CrossEntropyLoss()
    losses = []
    order = rng.permutation(len(labels))
    for start in range(0, len(order), batch_size):
        rows = torch.from_numpy(order[start : start + batch_size])
        optimizer.zero_grad()
        loss = criterion(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main(epochs):
    torch.manual_seed(0)
    images, labels, unseen, truth = load_data()
    model = MLP().to(device)
    print(model)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")

    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    rng = np.random.default_rng(1)
    for epoch in range(epochs):
        losses = train_epoch(model, optimizer, images, labels, rng)
        print(f"epoch {epoch + 1:2}: loss {np.mean(losses):.4f}, accuracy {accuracy(model, unseen, truth):.3f}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlp.pt"
        torch.save(model.state_dict(), path)
        again = MLP().to(device)
        again.load_state_dict(torch.load(path))
    print(f"from the saved weights: accuracy {accuracy(again, unseen, truth):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=10, help="passes over the images (default 10)")
    main(parser.parse_args().epochs)
