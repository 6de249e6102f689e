"""Speed, as ratios against PyTorch taken in one process: `python -m benchmarks --list` shows what there is."""
