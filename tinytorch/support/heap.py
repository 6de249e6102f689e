"""How much freed memory the process keeps for its next arrays.

A training step asks for the same arrays as the step before and frees them all. glibc, the C library of most Linux
systems, gives free memory at the end of its heap back to the system as soon as there is more than twice the size of
the largest array that was freed so far. The next step must ask for it again, and every page of 4 KiB that comes back
costs a page fault, in which the system fills it with zeros. See M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in mallopt(3).
"""

from __future__ import annotations

import numpy as np

LARGEST = (32 << 20) - (1 << 13)  # bytes: glibc does not count what is larger; a little room for its own records


def keep_freed_memory() -> None:
    """Let glibc keep up to 64 MiB of freed memory, by asking once for an array of nearly 32 MiB and freeing it.

    The array is never written to, so it takes no memory. What a program sets by mallopt or by the environment variables
    MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ stays as it is. Elsewhere than on glibc nothing changes.
    """
    np.empty(LARGEST, np.uint8)
