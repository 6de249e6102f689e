"""A generator of one's own in a block, for one thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tinytorch import Dropout, generator, manual_seed, ones, rand
from tinytorch.support.drawing import drawing_from


def test_everything_draws_from_the_blocks_generator_and_then_from_the_shared_one_again():
    manual_seed(0)
    shared, state = generator(), generator().bit_generator.state
    with drawing_from(np.random.default_rng(1)):
        assert generator() is not shared
        drawn = rand(3).tolist(), Dropout(0.5)(ones(8)).tolist()
        with drawing_from(other := np.random.default_rng(2)):
            assert generator() is other
    assert generator() is shared and shared.bit_generator.state == state
    with drawing_from(np.random.default_rng(1)):
        assert (rand(3).tolist(), Dropout(0.5)(ones(8)).tolist()) == drawn


def test_an_error_in_the_block_leaves_nothing_behind():
    shared = generator()
    with pytest.raises(ValueError), drawing_from(np.random.default_rng(1)):
        raise ValueError
    assert generator() is shared


def test_other_threads_go_on_with_the_shared_one():
    shared, seen = generator(), []
    with drawing_from(np.random.default_rng(1)):
        thread = threading.Thread(target=lambda: seen.append(generator()))
        thread.start()
        thread.join()
    assert seen == [shared]
