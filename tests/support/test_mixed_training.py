"""What a trainer in mixed precision has beside its step."""

from __future__ import annotations

import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.support.loss_scale import ScaleState
from tinytorch.support.mixed_training import TrainerSettings, pair_of, require_gradients


def test_settings_read_and_set_those_of_the_scaler():
    class Trainer(TrainerSettings):
        def __init__(self):
            self.scaler = ScaleState(16.0)

    trainer = Trainer()
    trainer.max_loss_scale, trainer.growth_interval = 99.0, 7
    assert (trainer.loss_scale, trainer.scaler.max_scale, trainer.scaler.growth_interval) == (16.0, 99.0, 7)
    trainer.scaler.growth_tracker = 5
    assert trainer.steps_since_last_scale_update == 5


def test_the_metrics_hold_the_scale_as_it_is_now():
    trainer = TrainerSettings()
    trainer.scaler, trainer.loss_fn = ScaleState(4.0), lambda outputs, targets: outputs - targets
    loss = trainer._compute_loss(Tensor(3.0), Tensor(1.0))
    trainer.scaler.loss_scale = 2.0
    assert trainer._metrics(loss, False, True) == {
        "loss": 2.0, "loss_scale": 2.0, "overflow": False, "gradients_valid": True}


@pytest.mark.parametrize("batch", [(1, 2), [1, 2]])
def test_a_batch_is_a_pair(batch):
    assert pair_of(batch) == (1, 2)


@pytest.mark.parametrize(("batch", "words"), [((1, 2, 3), "got 3 things"), (Tensor([1.0, 2.0]), "got a Tensor")])
def test_what_is_not_a_pair_is_refused(batch, words):
    with pytest.raises(TypeError, match=words):
        pair_of(batch)


def test_gradients_are_asked_for_where_nobody_did():
    first, second = Tensor([1.0]), Tensor([1.0])
    require_gradients([first, second])
    assert first.requires_grad and second.requires_grad
    second.requires_grad = False
    require_gradients(iter([first, second]))
    assert first.requires_grad and not second.requires_grad
