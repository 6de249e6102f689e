"""torch.utils.data's names: the datasets and the loader that lesson 08 builds."""

from tinytorch.support.by_name import namespace

__getattr__, __dir__ = namespace(
    __name__,
    ("tinytorch.core.dataloader",),
    lambda name: name != "random_shift",
    {
        "BatchSampler": "write DataLoader(dataset, batch_size)",
        "ConcatDataset": "write a Dataset whose __getitem__ finds out which of them an index belongs to",
        "IterableDataset": "write a Dataset with __len__ and __getitem__, or give Trainer.fit an iterable of batches",
        "RandomSampler": "write DataLoader(dataset, shuffle=True)",
        "SequentialSampler": "write DataLoader(dataset)",
        "SubsetRandomSampler": "write DataLoader(Subset(dataset, indices), shuffle=True)",
        "WeightedRandomSampler": "write Subset(dataset, multinomial(weights, num_samples, replacement=True))",
    },
)
