# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 09: Convolutions

> Convolution as one matrix product over the windows of an image, pooling and batch normalisation.

A Linear layer has a weight of its own for every pixel. When a digit moves by two pixels, it falls
on other weights, and what was learned at the old place is of no use at the new one. A *convolution*
has a few weights, and applies them at every place of the image alike.

You will build the windows of an image, as a view that costs no memory and as the columns of a
matrix; convolution as one product with that matrix, and its gradients as two more; pooling, which
keeps the largest number of each window; batch normalisation; and the layers made of all this.

About 5 hours: 11 exercises, some 55 lines to write, and an open question. Needs lessons 01 to 07.
Makes `tinytorch.core.convolutions`: `unfold`, `conv2d`, `max_pool2d`, `avg_pool2d`, `batch_norm`,
`Conv2d`, `MaxPool2d`, `AvgPool2d`, `BatchNorm2d` and `Flatten`.
"""

# %%
#| default_exp core.convolutions

# %%
#| export
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.autograd import gradient_rule, joint_rule
from tinytorch.core.layers import Module, Parameter, uniform_parameter
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, floating, in_float32, wrap

# %%
#| export
from tinytorch.support.arrays import masked
from tinytorch.support.casts import in_one_type
from tinytorch.support.gradients import batch_norm_rule
from tinytorch.support.images import channel_rows, check_batch, check_convolution, checked_pair
from tinytorch.support.images import convolution_text, from_rows, images_first, images_last
from tinytorch.support.images import moments, one_or_many, output_length, output_size, padded
from tinytorch.support.images import pooling_options, unless_empty, window_options
from tinytorch.support.module_methods import Activation
from tinytorch.support.validation import check_sizes

# %%
from tinytorch.core.autograd import check_gradients
from tinytorch.core.layers import generator, manual_seed
from tinytorch.support import checks_convolutions as checks
from tinytorch.support.checks import check, equal

# %% [markdown]
r"""
## A digit that moves

The data are 5,000 handwritten digits of 20 by 20 pixels. They come sorted, so they are shuffled
first. The network learns from one part. Whatever we try is measured on the *validation* part, and
the *test* part is kept for the end of the lesson.
"""

# %%
from tinytorch.support.data import load_digits20
from tinytorch.support.shifts import by_shift

images, labels = load_digits20()
order = np.random.default_rng(0).permutation(len(labels))
images, labels = images[order, np.newaxis], labels[order]  # (5000, 1, 20, 20): one channel
training, validation, test = slice(2000), slice(2000, 3000), slice(4000, None)

# %%
from threadpoolctl import threadpool_limits

from tinytorch.core.activations import ReLU
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import AdamW
from tinytorch.core.training import CosineSchedule, Trainer, updates_per_epoch

def train(model, epochs, lr=0.01):
    """Train the model on the training images, and leave it in evaluation mode."""
    optimizer = AdamW(model.parameters(), lr=lr)
    schedule = CosineSchedule(optimizer, epochs * updates_per_epoch(2000, 50))
    trainer = Trainer(model, optimizer, CrossEntropyLoss(), schedule)
    with threadpool_limits(1):  # on a busy machine the threads of a product wait for each other
        trainer.fit((images[training], labels[training]), epochs, batch_size=50)
    model.eval()

# %% [markdown]
r"""
`by_shift`, from support, measures what happens when the digits move: the accuracy on digits that
were moved by 0, 1, 2 and 3 pixels, on average over up, down, left and right. Pixels that come in
from outside are 0.
"""

# %%
manual_seed(0)
flat = Sequential(lambda x: as_tensor(x).flatten(1), Linear(400, 64), ReLU(), Linear(64, 10))
train(flat, epochs=8)
print("accuracy by shift:", by_shift(flat, images[validation], labels[validation]))

# %% [markdown]
r"""
To a person it is the same digit. To a Linear layer a moved digit is another set of inputs.

## One window

Take a *kernel*, three by three weights here. Lay it on a window of the image, multiply each weight
by the pixel under it, and add up. Do the same at every other place. The sums are an image again,
and what it shows depends on the weights: these two find the left and the upper edges of what is
bright.
"""

# %%
def by_hand(image, kernel):
    """The kernel at all places of one image, a window at a time."""
    out = np.zeros((image.shape[0] - 2, image.shape[1] - 2))
    for row, column in np.ndindex(out.shape):
        out[row, column] = (image[row:row + 3, column:column + 3] * kernel).sum()
    return out

left = np.array([[-1, 0, 1]] * 3)
found = {"a digit": images[0, 0], "left edges": by_hand(images[0, 0], left),
         "upper edges": by_hand(images[0, 0], left.T)}

# %%
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 3, figsize=(7, 2.4))
for panel, (name, picture) in zip(panels, found.items()):
    panel.imshow(picture.clip(0), cmap="gray_r")
    panel.set_title(name, fontsize=9)
    panel.axis("off")
plt.show()

# %% [markdown]
r"""
An edge is found wherever it is: nine weights do for the whole image. A *convolution* learns these
weights. (In mathematics the kernel is turned round first. To learned weights it is the same.)

An image has *channels*, such as red, green and blue, and after a convolution one for each of its
kernels. A kernel has weights for all channels of its window. Images are (N, C, H, W): N images in a
batch, C channels, H rows, W columns.

## Where a window can be

The kernel may move by more than one pixel: by its *stride*. And the image may get a border of
zeros, its *padding*, so that the outermost pixels are in as many windows as the others. Along an
axis there is room for `(length + 2 * padding - kernel) // stride + 1` windows.
`output_length(length, kernel, stride, padding)`, from support, computes this, and raises ValueError
where not even one fits.

## All windows, without a copy

Loops in Python are slow, and a matrix product is not. So put every window into a column of a
matrix, and the kernels into the rows of another: their product holds every kernel at every place.
Most of this lesson's work is to make that matrix cheaply.

In memory an array is one long row of numbers. Its *strides* say for each axis how many bytes
further the next number along that axis is. A view with other strides costs nothing, and its axes
may even overlap, as windows do.

The order of the numbers in memory decides how fast they are copied. Windows are cut out along rows
and columns. If these are the last axes, only a short run of numbers comes from one place in memory.
If N is the last axis, the same pixel of all images is one run:
"""

# %%
import timeit

first = np.ones((64, 16, 20, 20), np.float32)  # (N, C, H, W) in memory
last = np.ones((16, 20, 20, 64), np.float32)  # (C, H, W, N) in memory
for name, copy in [("images first", lambda: first[:, :, ::2, ::2].copy()),
                   ("images last", lambda: last[:, ::2, ::2].copy())]:
    print(f"{name:13}{min(timeit.repeat(copy, number=10, repeat=5)) * 100:6.3f} ms")

# %% [markdown]
r"""
So in this lesson arrays have their images last in memory. Nobody who uses the layers sees it: a
tensor's shape remains (N, C, H, W), as a view. `images_last(x)` gives (N, C, H, W) as (C, H, W, N),
and `images_first(x)` is the way back. An array that comes from another layer of this lesson is in
the right order already, and then neither of them copies anything.

### Exercise: windows

`np.lib.stride_tricks.as_strided(x, shape, strides)` makes the view, and `x.strides` holds the
strides of x, whatever its order in memory is. Of the view's six axes, channel and image have those
of x. A step to the next row *within* a window is a step to the next row of x. What is a step to the
window below? `as_strided` checks nothing: with a wrong shape it shows memory that is not x's.
"""

# %% nbgrader={"solution": true, "grade_id": "windows"}
#| exporti
def windows(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """A view of x, (C, H, W, N), that shows all its windows: (C, kh, kw, rows, columns, N).

    What is at row i and column j of the window at (r, s), `view[c, i, j, r, s, n]`, is
    `x[c, r * stride[0] + i, s * stride[1] + j, n]`. ValueError where no window fits.

    >>> windows(np.arange(4.0).reshape(1, 1, 4, 1), (1, 2), (1, 1))[0, 0, :, 0, :, 0]
    array([[0., 1., 2.],
           [1., 2., 3.]])
    """
    ### BEGIN SOLUTION
    c, h, w, n = x.shape
    rows = output_length(h, kernel[0], stride[0], 0)
    columns = output_length(w, kernel[1], stride[1], 0)
    of_c, of_h, of_w, of_n = x.strides
    strides = (of_c, of_h, of_w, of_h * stride[0], of_w * stride[1], of_n)
    return np.lib.stride_tricks.as_strided(x, (c, *kernel, rows, columns, n), strides)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-windows", "points": 6}
# Check of windows: run it when your cell has run.
@check
def test_unit_windows():
    cases = [((1, 4, 5, 1), (2, 2), (1, 1)), ((2, 6, 5, 3), (3, 2), (1, 2)),
             ((3, 4, 4, 2), (1, 1), (2, 3)), ((1, 3, 3, 0), (3, 3), (1, 1))]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 7, 4, 2), (2, 4), (3, 1)), ((4, 5, 6, 1), (5, 1), (1, 4))]
    ### END HIDDEN TESTS
    for case in cases:
        checks.a_view(windows, *case, "view[c, i, j, r, s, n]: see the docstring")
    checks.refuses_to_fit(windows, "a window that does not fit shows other memory")

test_unit_windows()

# %% [markdown]
r"""
### Exercise: unfolded

Now the matrix. Making it is called *unfolding*: for each image a matrix with a column for each
window, (N, C * kh * kw, rows * columns). Copy the windows as they are, with the images last, then
reshape, and move N to the front at the end, so that memory keeps its order. Make a copy in any
case, also of windows of one pixel, where reshape alone would give another view of x: whoever writes
into the columns must not change the image. `padded(x, padding)`, from support, puts the border
round (C, H, W, N).
"""

# %% nbgrader={"solution": true, "grade_id": "unfolded"}
#| exporti
def unfolded(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int],
             padding: tuple[int, int]) -> np.ndarray:
    """(N, C, H, W) as (N, C * kh * kw, rows * columns): a column for each window, in a new array
    that has the images last in memory.

    >>> unfolded(np.arange(4.0).reshape(1, 1, 2, 2), (1, 2), (1, 1), (0, 0))
    array([[[0., 2.],
            [1., 3.]]])
    """
    ### BEGIN SOLUTION
    parts = windows(padded(images_last(x), padding), kernel, stride)
    c, kh, kw, rows, columns, n = parts.shape
    return parts.copy().reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)
    ### END SOLUTION


UNFOLD = Primitive("unfold", unfolded, "nothing")

# %% nbgrader={"grade": true, "grade_id": "test-unfolded", "points": 5}
# Check of unfolded: run it when your cell has run.
@check
def test_unit_unfolded():
    cases = [((2, 3, 5, 4), (3, 2), (1, 1), (0, 0)), ((3, 1, 4, 4), (3, 3), (2, 1), (1, 0)),
             ((2, 2, 3, 3), (1, 1), (1, 1), (0, 0)), ((0, 2, 4, 4), (2, 2), (1, 1), (1, 1))]
    ### BEGIN HIDDEN TESTS
    cases += [((1, 4, 6, 5), (2, 5), (3, 2), (0, 2)), ((5, 2, 2, 3), (4, 1), (1, 2), (2, 1))]
    ### END HIDDEN TESTS
    for case in cases:
        checks.columns(unfolded, *case, "row c * kh * kw + i * kw + j, column r * columns + s")

test_unit_unfolded()

# %% [markdown]
r"""
## One product

With the images last, the columns of *all* images stand side by side in one matrix,
(C * kh * kw, rows * columns * N), and a batch is one product. `channel_rows(x)` gives any
(N, C, ...) in this form, with a row for each channel, and `from_rows(rows, shape)` takes it back to
the shape (N, C, ...). Neither copies what has the images last.

### Exercise: convolved

The weight is (O, C, kh, kw), a kernel for each of the O channels that come out. Reshaped to two
axes, each kernel is a row whose numbers are in the order of a column's. The bias, one number for
each channel that comes out, is added in place, as in lesson 03. There may be none.
"""

# %% nbgrader={"solution": true, "grade_id": "convolved"}
#| exporti
@in_float32
def convolved(columns: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, *,
              size: tuple[int, int]) -> np.ndarray:
    """weight times columns, plus bias where there is one, in one product: (N, O, *size).

    columns is (N, C * kh * kw, L), weight (O, C, kh, kw), bias (O,), and L the product of `size`.
    The result has its images last in memory.

    >>> convolved(np.array([[[1.0, 2.0]]]), np.full((1, 1, 1, 1), 3.0), np.ones(1), size=(1, 2))
    array([[[[4., 7.]]]])
    """
    ### BEGIN SOLUTION
    out = weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)
    if bias is not None:
        out += bias[:, np.newaxis]
    return from_rows(out, (len(columns), len(weight), *size))
    ### END SOLUTION


CONV2D = Primitive("conv2d", in_one_type(convolved))

# %% nbgrader={"grade": true, "grade_id": "test-convolved", "points": 6}
# Check of convolved: run it when your cell has run.
@check
def test_unit_convolved():
    cases = [(2, (3, 4), (2, 2), (3, 2)), (1, (1, 2), (1, 1), (2, 2)), (0, (2, 3), (3, 1), (1, 4))]
    ### BEGIN HIDDEN TESTS
    cases += [(5, (2, 1), (3, 3), (1, 5)), (3, (4, 4), (2, 1), (2, 2))]
    ### END HIDDEN TESTS
    for case in cases:
        for dtype in ("float64", "float32", "float16"):
            checks.convolution(convolved, *case, dtype, "each kernel times each column, plus bias")

test_unit_convolved()

# %% [markdown]
r"""
## Backwards

The first operation is unfolding. A pixel is in several windows, so it is in several columns, and
its gradient is the sum of theirs.

### Exercise: folded

A loop over all windows would be slow. But take one place in the kernel, say its upper left corner:
its numbers in all windows come from different pixels, so one operation adds them to the image, and
the loop is over the places in the kernel only. `windows` of an array of zeros can be written to,
and what is added there arrives in the array. The border is cut off at the end.
"""

# %% nbgrader={"solution": true, "grade_id": "folded"}
#| exporti
def folded(parts: np.ndarray, size: tuple[int, int], stride: tuple[int, int],
           padding: tuple[int, int]) -> np.ndarray:
    """The numbers of all windows, (C, kh, kw, rows, columns, N), added up at the pixels that they
    came from: (C, *size, N). `size` is that of the image without its padding.

    >>> folded(np.ones((1, 1, 2, 1, 3, 1)), (1, 4), (1, 1), (0, 0)).ravel()
    array([1., 2., 2., 1.])
    """
    ### BEGIN SOLUTION
    (c, kh, kw, *_, n), (h, w), (ph, pw) = parts.shape, size, padding
    out = np.zeros((c, h + 2 * ph, w + 2 * pw, n), parts.dtype)
    places = windows(out, (kh, kw), stride)
    for i, j in np.ndindex(kh, kw):
        places[:, i, j] += parts[:, i, j]
    return out[:, ph:ph + h, pw:pw + w]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-folded", "points": 6}
# Check of folded: run it when your cell has run.
@check
def test_unit_folded():
    cases = [((1, 1, 4, 1), (1, 2), (1, 1), (0, 0)), ((2, 5, 4, 3), (3, 2), (1, 1), (0, 0)),
             ((2, 4, 4, 2), (3, 3), (1, 2), (1, 1)), ((1, 5, 5, 2), (2, 2), (3, 3), (0, 0))]
    ### BEGIN HIDDEN TESTS
    cases += [((3, 6, 3, 1), (4, 1), (2, 1), (1, 0)), ((1, 3, 7, 2), (2, 5), (1, 2), (1, 2)),
              ((2, 4, 4, 0), (2, 2), (1, 1), (0, 0))]
    ### END HIDDEN TESTS
    for case in cases:
        checks.put_back(folded, *case, "every number goes to its pixel, and pixels add up")

test_unit_folded()

# %% [markdown]
r"""
The gradient rule of unfolding puts the columns' gradient into the form of windows and folds it:
"""

# %%
#| exporti
@in_float32
def unfold_rule(g, y, x, kernel, stride, padding):
    """The gradient with respect to x, (N, C, H, W), from that of its columns."""
    n, c, h, w = x.shape
    size = output_size(x.shape, kernel, stride, padding)
    parts = g.transpose(1, 2, 0).reshape(c, *kernel, *size, n)
    return images_first(folded(parts, (h, w), stride, padding))


gradient_rule("unfold", unfold_rule)

# %% [markdown]
r"""
### Exercise: conv2d_rule

Write $Y = W X + b$ for the product, with $X$ the columns of all images side by side. Then

$$\frac{\partial}{\partial X} = W^\top G, \qquad
  \frac{\partial}{\partial W} = G X^\top, \qquad
  \frac{\partial}{\partial b} = \text{the sum of each row of } G$$

The columns were saved by the forward pass, so they are not made again. The gradient with respect to
them is as large as they are, and the first layer of a network needs none: compute what `needs` asks
for and nothing else. Where the layer has no bias there are two inputs, and `needs` has two entries.
"""

# %% nbgrader={"solution": true, "grade_id": "conv2d-rule"}
#| exporti
@in_float32
def conv2d_rule(g, y, columns, weight, bias=None, *, size, needs):
    """The gradients with respect to columns, weight and, where there is one, bias: a list of
    arrays in the shapes of these inputs, with None for each that `needs` does not ask for.

    >>> conv2d_rule(np.full((1, 1, 1, 2), 3.0), None, np.array([[[1.0, 2.0]]]),
    ...             np.ones((1, 1, 1, 1)), size=(1, 2), needs=(False, True))
    [None, array([[[[9.]]]])]
    """
    ### BEGIN SOLUTION
    rows, flat = channel_rows(g), weight.reshape(len(weight), weight[0].size)
    shares = [from_rows(flat.T @ rows, columns.shape) if needs[0] else None,
              (channel_rows(columns) @ rows.T).T.reshape(weight.shape) if needs[1] else None]
    return shares if bias is None else [*shares, rows.sum(axis=1) if needs[2] else None]
    ### END SOLUTION


joint_rule("conv2d", conv2d_rule)

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-rule", "points": 8}
# Check of conv2d_rule: run it when your cell has run.
@check
def test_unit_conv2d_rule():
    cases = [(2, (3, 4), (2, 2), (3, 2)), (1, (1, 2), (1, 1), (2, 2)), (0, (2, 3), (3, 1), (1, 4))]
    ### BEGIN HIDDEN TESTS
    cases += [(5, (2, 1), (3, 3), (1, 5)), (3, (4, 4), (2, 1), (2, 2))]
    ### END HIDDEN TESTS
    for case in cases:
        checks.convolution_gradients(conv2d_rule, *case, "the formulas, for all images at once")
    checks.products_of_rule(conv2d_rule, "one for columns, one for weight, where they are needed")

test_unit_conv2d_rule()

# %% [markdown]
r"""
The public functions check what they are given and put the two operations together. With
`@one_or_many`, from support, they take a single image (C, H, W) as well.
"""

# %%
#| export
@one_or_many
def unfold(input: Any, kernel_size: Any, *, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of images (N, C, H, W), or of one (C, H, W), as columns: (N, C * kh * kw, L)."""
    return apply(UNFOLD, input, **window_options(kernel_size, stride, padding))

# %%
#| export
@one_or_many
def conv2d(input: Any, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
           padding: Any = 0) -> Tensor:
    """Images (N, C, H, W) with the kernels `weight`, (O, C, kh, kw), at all their windows, plus
    `bias`, (O,): (N, O, rows, columns). A single image (C, H, W) gives (O, rows, columns).

    Raises ValueError where shapes do not fit each other, or no window fits into the image.
    """
    check_convolution(input.shape, weight.shape, None if bias is None else bias.shape)
    options = window_options(weight.shape[2:], stride, padding)
    size, biases = output_size(input.shape, **options), [] if bias is None else [bias]
    return apply(CONV2D, apply(UNFOLD, input, **options), weight, *biases, size=size)

# %% [markdown]
r"""
Does it agree with the loops, and what did we gain? And do its gradients, all together, agree with
finite differences?
"""

# %%
kernel, batch = Tensor(left[np.newaxis, np.newaxis]), images[:100]
runs = {"loops": lambda: [by_hand(image[0], left) for image in batch],
        "product": lambda: conv2d(batch, kernel).numpy()[:, 0]}
for name, run in runs.items():
    print(f"{name:8}{min(timeit.repeat(run, number=1, repeat=2)) * 1e3:8.2f} ms for 100 images")
print("largest difference:", np.abs(np.array(runs["loops"]()) - runs["product"]()).max())

# %%
x, w, b = (Tensor(np.random.default_rng(0).normal(size=n)) for n in [(2, 2, 5, 4), (3, 2, 3, 2), 3])
for stride, padding in [(1, 0), ((2, 1), (0, 1)), (3, 2)]:
    error = check_gradients(lambda x, w, b: conv2d(x, w, b, stride, padding).tanh(), x, w, b)
    print(f"stride {stride}, padding {padding}: largest error of the gradients {error:.1e}")

# %% [markdown]
r"""
### Exercise: Conv2d

How large do the weights of a layer start? As in lesson 03: the more products are added up, the
smaller. Count how many one output is the sum of. `uniform_parameter(bound, *shape)` is lesson 03's.
"""

# %% nbgrader={"solution": true, "grade_id": "conv2d-layer"}
#| export
class Conv2d(Module):
    """A convolution: (N, in_channels, H, W) -> (N, out_channels, rows, columns).

    `weight` is (out_channels, in_channels, kh, kw), `bias` (out_channels,) or None. Both are drawn
    uniformly between -1/sqrt(n) and 1/sqrt(n), the weight first, where n is how many numbers of
    the image each number of the output is computed from. Formulas of `torch.nn.Conv2d`.

    >>> Conv2d(1, 4, 3, padding=1)(np.zeros((2, 1, 20, 20))).shape
    (2, 4, 20, 20)
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, bias: bool = True):
        check_sizes(in_channels=in_channels, out_channels=out_channels)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = kh, kw = checked_pair("kernel_size", kernel_size)
        self.stride = checked_pair("stride", stride)
        self.padding = checked_pair("padding", padding, least=0)
        ### BEGIN SOLUTION
        bound = (in_channels * kh * kw) ** -0.5
        self.weight = uniform_parameter(bound, out_channels, in_channels, kh, kw)
        self.bias = uniform_parameter(bound, out_channels) if bias else None
        ### END SOLUTION

    def forward(self, x: Any) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def extra_repr(self) -> str: return convolution_text(self)

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-layer", "points": 4}
# Check of Conv2d: run it when your cell has run.
@check
def test_unit_conv2d_layer():
    cases = [((1, 4, 3), {}), ((3, 2, (2, 5)), {"stride": 2}), ((2, 6, 1), {"bias": False})]
    ### BEGIN HIDDEN TESTS
    cases += [((5, 3, (4, 1)), {"bias": False, "padding": (1, 0)}), ((2, 2, 7), {})]
    ### END HIDDEN TESTS
    for sizes, options in cases:
        checks.starts(Conv2d, generator, manual_seed, sizes, options, "(out, in, rows, columns)")

test_unit_conv2d_layer()

# %% [markdown]
r"""
## Pooling

For a digit it matters that there is an edge, and roughly where. *Max pooling* keeps the largest
number of each window. With windows of 2 by 2 that stand side by side the image becomes half as high
and half as wide, and what moved by one pixel has often stayed in its window.

### Exercise: max_pooled

Each channel is pooled by itself. `np.maximum(a, b, out=a)` compares two arrays element by element
and lets nan through. What must the border hold, so that it never is the largest?
`padded(x, padding, value)` fills it. Loop over the places in the kernel, never over windows.
"""

# %% nbgrader={"solution": true, "grade_id": "max-pooled"}
#| exporti
def max_pooled(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int],
               padding: tuple[int, int]) -> np.ndarray:
    """The largest number of each window, (N, C, H, W) to (N, C, rows, columns), in a new array; nan
    where there is a nan in it.

    >>> max_pooled(np.array([[[[1.0, 5.0, 2.0, 3.0]]]]), (1, 2), (1, 2), (0, 0))
    array([[[[5., 3.]]]])
    """
    ### BEGIN SOLUTION
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    out = parts[:, 0, 0].copy()
    for i, j in np.ndindex(kernel):
        np.maximum(out, parts[:, i, j], out=out)
    return images_first(out)
    ### END SOLUTION


MAX_POOL = Primitive("max_pool2d", max_pooled, "both")

# %% nbgrader={"grade": true, "grade_id": "test-max-pooled", "points": 5}
# Check of max_pooled: run it when your cell has run.
@check
def test_unit_max_pooled():
    cases = [((2, 3, 4, 6), (2, 2), (2, 2), (0, 0)), ((1, 2, 5, 5), (3, 2), (1, 2), (1, 1)),
             ((2, 1, 3, 4), (1, 1), (1, 1), (0, 0)), ((0, 2, 4, 4), (2, 2), (2, 2), (0, 0))]
    ### BEGIN HIDDEN TESTS
    cases += [((3, 2, 6, 4), (4, 3), (1, 1), (2, 0)), ((2, 2, 7, 7), (2, 3), (3, 2), (0, 1))]
    ### END HIDDEN TESTS
    for case in cases:
        checks.largest(max_pooled, *case, "the border must lose, even against -1000")

test_unit_max_pooled()

# %% [markdown]
r"""
### Exercise: winners

All of a window's gradient belongs to its largest number. After a ReLU many windows hold several
equal zeros. PyTorch then gives everything to the first of them, row by row, and where a window
holds nan, to its last nan. We do the same.

To find the first, count. As long as no number of a window was equal to the largest, the winner is
further on: keep an array `missed` that says of each window whether that is so, and add it up, place
by place. nan is not equal to itself, so a window with nan is missed everywhere; correct its number
afterwards, where there is one.
"""

# %% nbgrader={"solution": true, "grade_id": "winners"}
#| exporti
def winners(parts: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Which number of each window is the largest, counted from 0, row by row: (C, rows, columns, N)
    whole numbers. Of several that are equal it is the first, of several nan the last.

    parts is (C, kh, kw, rows, columns, N), `largest` has the largest of each window.

    >>> window = np.array([[3.0, 7.0], [7.0, 1.0]]).reshape(1, 2, 2, 1, 1, 1)
    >>> winners(window, np.full((1, 1, 1, 1), 7.0)).item()
    1
    """
    ### BEGIN SOLUTION
    places = [parts[:, i, j] for i, j in np.ndindex(parts.shape[1:3])]
    numbers = np.zeros(largest.shape, np.min_scalar_type(len(places)))
    missed = np.ones(largest.shape, bool)
    for place in places[:-1]:
        missed &= place != largest
        numbers += missed
    if np.isnan(largest).any():
        for number, place in enumerate(places):
            numbers[np.isnan(place)] = number
    return numbers
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-winners", "points": 6}
# Check of winners: run it when your cell has run.
@check
def test_unit_winners():
    cases = [((2, 2), 3), ((2, 2), 1), ((3, 2), 50), ((1, 1), 2), ((20, 20), 9000)]
    ### BEGIN HIDDEN TESTS
    cases += [((1, 4), 2), ((3, 3), 4), ((2, 3), 1), ((17, 16), 4000)]
    ### END HIDDEN TESTS
    for kernel, levels in cases:
        for nans in (False, True):
            checks.first_of_them(winners, kernel, "the first of equals, the last nan", levels, nans)

test_unit_winners()

# %% [markdown]
r"""
With the winners known, the rule is short. For each place in the kernel the gradient is masked: it
stays where this place won. Then the windows are folded, because they may overlap, and one pixel may
win in several of them. `masked` is lesson 05's product with a mask that is safe for inf. The *mean*
of each window needs no rule of its own: it is made of operations that have theirs.
"""

# %%
#| exporti
def max_pool_rule(g, y, x, kernel, stride, padding):
    """The gradient with respect to x, (N, C, H, W): g, where each window's winner came from."""
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    numbers = winners(parts, images_last(y))[:, np.newaxis, np.newaxis]
    places = np.arange(kernel[0] * kernel[1], dtype=numbers.dtype).reshape(*kernel, 1, 1, 1)
    shares = masked(images_last(g)[:, np.newaxis, np.newaxis], numbers == places)
    return images_first(folded(shares, x.shape[2:], stride, padding))


gradient_rule("max_pool2d", in_float32(max_pool_rule))

# %%
#| export
@one_or_many
def max_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    """The largest number of each window: (N, C, H, W) to (N, C, rows, columns), or without N.

    Without a stride the windows stand side by side. ValueError for what does not fit.
    """
    return apply(MAX_POOL, input, **pooling_options(kernel_size, stride, padding))

@one_or_many
def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    """The mean of each window, in which padding counts as 0; otherwise like `max_pool2d`."""
    options = pooling_options(kernel_size, stride, padding)
    (n, c, *_), size = input.shape, output_size(input.shape, **options)
    columns = apply(UNFOLD, input, **options)
    by_channel = columns.reshape(n, c, math.prod(options["kernel"]), math.prod(size))
    return by_channel.mean(axis=2).reshape(n, c, *size)

# %%
#| export
@dataclass(eq=False)
class MaxPool2d(Activation):
    """The largest number of each window: see `max_pool2d`."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    def __post_init__(self): pooling_options(self.kernel_size, self.stride, self.padding)
    def forward(self, x: Any) -> Tensor:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(MaxPool2d):
    """The mean of each window: see `avg_pool2d`."""

    def forward(self, x: Any) -> Tensor:
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding)

# %%
#| export
@dataclass(eq=False)
class Flatten(Activation):
    """The axes from `start_dim` to `end_dim` as one: (N, ...) becomes (N, n)."""

    start_dim: int = 1
    end_dim: int = -1
    def forward(self, x: Any) -> Tensor: return as_tensor(x).flatten(self.start_dim, self.end_dim)

# %% [markdown]
r"""
## Batch normalisation

LayerNorm takes mean and variance over the features of one example. *Batch normalisation* (Ioffe and
Szegedy, 2015, arXiv:1502.03167) takes them for each channel, over all its numbers in the batch:

$$y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \cdot w + b$$

So an image's result depends on the others in its batch. A network in use may see a single image.
Therefore *running* averages of $\mu$ and $\sigma^2$ are kept while it trains, for evaluation.

### Exercise: batch_normalized

`moments(x)`, from support, computes $\mu$ and $\sigma^2$; here they are given. Subtract first: far
from 0, `x * scale - mean * scale` is the difference of two large numbers.
"""

# %% nbgrader={"solution": true, "grade_id": "batch-normalized"}
#| exporti
@in_float32
def batch_normalized(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, mean: np.ndarray,
                     variance: np.ndarray, eps: float, training: bool) -> np.ndarray:
    """(x - mean) / sqrt(variance + eps) * weight + bias in each channel, whatever `training` is.

    x is (N, C, ...), the other arrays are (C,), and the result has the shape of x.

    >>> one, two = np.ones((1, 1)), np.array([2.0])
    >>> batch_normalized(one * 5, two, two, mean=two, variance=two * 2, eps=0.0, training=False)
    array([[5.]])
    """
    ### BEGIN SOLUTION
    out = channel_rows(x) - mean[:, np.newaxis]
    out *= (weight / np.sqrt(variance + eps))[:, np.newaxis]
    out += bias[:, np.newaxis]
    return from_rows(out, x.shape)
    ### END SOLUTION


BATCH_NORM = Primitive("batch_norm", in_one_type(batch_normalized))
joint_rule("batch_norm", in_float32(batch_norm_rule))

# %% nbgrader={"grade": true, "grade_id": "test-batch-normalized", "points": 5}
# Check of batch_normalized: run it when your cell has run.
@check
def test_unit_batch_normalized():
    cases = [((4, 3, 2, 5), 0, 1e-5), ((5, 2), 0, 0.1), ((0, 2, 3, 3), 1, 1e-5)]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 1, 4, 4), 3, 1e-3), ((3, 4, 5), -1, 1e-5)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.batch_norm(batch_normalized, *case, "subtract, divide, weight, bias, by channel")
    checks.far_from_zero(batch_normalized)

test_unit_batch_normalized()

# %% [markdown]
r"""
LayerNorm's rule came with lesson 05, and this one's comes from support. In evaluation the moments
are constants; in training they move with x, and the rule takes account of it.

### Exercise: batch_norm

In training the running averages take a step towards the batch's moments: with a momentum of 0.1 a
tenth of the way. (That is what PyTorch calls momentum here; lesson 06's is the share that is
*kept*.) The variance that is tracked is the one over n - 1, n being the count of numbers of a
channel: over n the average would come out too small. `running.data` becomes a new array, since a
graph that was recorded in evaluation may have saved the old one. The layer below saves them with
its weights, as *buffers*, which are not trained.
"""

# %% nbgrader={"solution": true, "grade_id": "batch-norm"}
#| export
@unless_empty
def batch_norm(input: Any, running_mean: Tensor | None, running_var: Tensor | None,
               weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
               momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """(N, C, ...) with mean 0 and variance 1 in each channel, times weight plus bias, (C,), if any.

    In training by the batch's own moments; the `data` of the running ones, if any, become new
    arrays of their types, (1 - momentum) * running + momentum * batch. In evaluation by the
    running ones, which stay; ValueError without them.

    >>> batch_norm([[5.0], [7.0]], Tensor([5.0]), Tensor([4.0]), eps=0).tolist()
    [[0.0], [1.0]]
    """
    x = floating(input)
    weight = wrap(np.ones(x.shape[1], x.dtype)) if weight is None else weight
    bias = wrap(np.zeros(x.shape[1], x.dtype)) if bias is None else bias
    ### BEGIN SOLUTION
    if not training and (running_mean is None or running_var is None):
        raise ValueError("batch_norm in evaluation needs running_mean and running_var")
    mean, variance = moments(x.data) if training else (running_mean.data, running_var.data)
    if training and running_mean is not None:
        count = x.size // x.shape[1]
        unbiased = variance * (count / (count - 1))
        for running, value in [(running_mean, mean), (running_var, unbiased)]:
            moved = running.data + momentum * (value - running.data)
            running.data = moved.astype(running.dtype)
    ### END SOLUTION
    return apply(BATCH_NORM, x, weight, bias, mean=mean, variance=variance, eps=eps,
                 training=training)

# %% nbgrader={"grade": true, "grade_id": "test-batch-norm", "points": 6}
# Check of batch_norm: run it when your cell has run.
@check
def test_unit_batch_norm():
    cases = [((4, 3, 2, 5), "float32", 0.1), ((3, 2), "float64", 1.0), ((5, 1, 2), "float16", 0.5)]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 3, 4), "float64", np.float64(0.25)), ((2, 2, 3, 3), "float32", 0.0)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.trained_moments(batch_norm, Tensor, *case,
                               "momentum of the way to the batch's moments, over n and n - 1")
        checks.kept_moments(batch_norm, Tensor, *case, "the running moments, which stay")

test_unit_batch_norm()

# %%
#| export
class BatchNorm2d(Module):
    """`batch_norm` of images (N, num_features, H, W), with buffers running_mean and running_var."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        check_sizes(num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight, self.bias = Parameter([1.0] * num_features), Parameter([0.0] * num_features)
        self.register_buffer("running_mean", Tensor([0.0] * num_features))
        self.register_buffer("running_var", Tensor([1.0] * num_features))
        self.register_buffer("num_batches_tracked", Tensor(np.array(0)))  # as in PyTorch

    def forward(self, x: Any) -> Tensor:
        check_batch(x := floating(x), self.num_features)
        self.num_batches_tracked.data = self.num_batches_tracked.data + int(self.training)
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias,
                          self.training, self.momentum, self.eps)

    def extra_repr(self) -> str: return f"{self.num_features}, eps={self.eps}"

# %% [markdown]
r"""
## The digits again

Two networks with convolutions beside the first, one of them with batch normalisation. The test
images, which have chosen nothing so far, are used here, once.
"""

# %%
def small(*between):
    """Two convolutions with pooling; `between` makes a layer that stands before each ReLU."""
    manual_seed(0)
    layers = []
    for channels in [(1, 8), (8, 16)]:
        norms = [make(channels[1]) for make in between]
        layers += [Conv2d(*channels, 3, padding=1), *norms, ReLU(), MaxPool2d(2)]
    return Sequential(*layers, Flatten(), Linear(16 * 5 * 5, 10))

# %%
networks = {"Linear layers": flat, "convolutions": small(), "and BatchNorm2d": small(BatchNorm2d)}
for name, network in networks.items():
    if network is not flat:
        train(network, epochs=6)
    print(f"{name:16}", by_shift(network, images[test], labels[test]))

# %% [markdown]
r"""
A convolution itself does not undo a move: what it finds moves along. But pooling forgets small
moves, and every kernel has seen every place. The Linear layer at the end still has a weight for
each place that is left. Training on digits that are moved at random teaches it the rest:
`examples/digits_conv.py` does that with lesson 08's `random_shift`.

## Questions

Assign each answer to the name behind its question.

1. How many parameters has `Conv2d(16, 32, 3)`? (`parameter_count`)
2. Images of 28 by 28 go through `Conv2d(3, 8, 5, stride=2, padding=1)`: how many rows come out?
   (`row_count`)
3. How many times the numbers of the images are in the columns of a 5 by 5 kernel, with stride 1 and
   padding 2? (`columns_factor`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-convolutions"}
### BEGIN SOLUTION
parameter_count = 32 * 16 * 3 * 3 + 32
row_count = (28 + 2 * 1 - 5) // 2 + 1
columns_factor = 5 * 5
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-convolutions", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_convolutions():
    some = Tensor(np.zeros((2, 3, 28, 28)))
    equal("parameter_count", parameter_count, sum(p.size for p in Conv2d(16, 32, 3).parameters()),
          "each kernel sees all channels that come in, and there is a bias")
    equal("row_count", row_count, Conv2d(3, 8, 5, stride=2, padding=1)(some).shape[2],
          "see where a window can be, and round down")
    equal("columns_factor", columns_factor, unfold(some, 5, padding=2).size / some.size,
          "there are as many windows as pixels: how many numbers has each?")

test_question_convolutions()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-convolutions", "points": 2}
r"""
**In your own words:** the columns hold each pixel many times. Why is it still quicker to make them
than to loop over the windows, what does it cost, and when would you not want to save them for the
backward pass?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Convolutions, pooling and batch normalisation that agree with PyTorch's, and a network that knows a
digit that has moved better than one of Linear layers does. `tito module complete 09` puts them into
`tinytorch.core.convolutions`.
"""
