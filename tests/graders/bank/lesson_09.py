"""The bank for lesson 09: convolutions."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

PLACES = "for i, j in np.ndindex(kh, kw):\n        places[:, i, j] += parts[:, i, j]"
SCALE = "out *= (weight / np.sqrt(variance + eps))[:, np.newaxis]"
FIRST = "out = channel_rows(x) - mean[:, np.newaxis]"
MOVED = """moved = running.data + momentum * (value - running.data)
            running.data = moved.astype(running.dtype)"""

# fmt: off
CASES: list[Case] = [
    wrong("windows", "stride forgotten", "test-windows",
        ("of_h * stride[0], of_w * stride[1]", "of_h, of_w"), says=("windows of an array", "wanted")),
    wrong("windows", "rows and columns changed over", "test-windows",
        ("of_h * stride[0], of_w * stride[1]", "of_h * stride[1], of_w * stride[0]"), says=("wanted",)),
    wrong("windows", "strides of an array in order", "test-windows",
        ("of_c, of_h, of_w, of_n = x.strides", "of_c, of_h, of_w, of_n = np.empty_like(x, order='C').strides"),
        says=("slice of a larger array", "wanted")),
    wrong("windows", "a copy", "test-windows",
        ("return np.lib.stride_tricks.as_strided(x, (c, *kernel, rows, columns, n), strides)",
         "return np.lib.stride_tricks.as_strided(x, (c, *kernel, rows, columns, n), strides).copy()"),
        says=("gave a copy", "the numbers of x itself")),
    wrong("windows", "a view of a copy in order", "test-windows",
        ("c, h, w, n = x.shape", "x = np.ascontiguousarray(x)\n    c, h, w, n = x.shape"),
        says=("slice of a larger array", "gave a copy")),
    wrong("windows", "a view that cannot be written to", "test-windows",
        ("n), strides)", "n), strides, writeable=False)"), says=("failed", "read-only")),
    wrong("windows", "one window too few", "test-windows",
        ("columns = output_length(w, kernel[1], stride[1], 0)",
         "columns = output_length(w, kernel[1], stride[1], 0) - 1"),
        says=("gave shape", "wanted")),
    wrong("windows", "one stride for both axes", "test-windows",
        ("output_length(w, kernel[1], stride[1], 0)", "output_length(w, kernel[1], stride[0], 0)"), says=("wanted",)),
    wrong("windows", "no look at whether a window fits", "test-windows",
        ("rows = output_length(h, kernel[0], stride[0], 0)", "rows = max((h - kernel[0]) // stride[0] + 1, 0)"),
        says=("was accepted", "wanted a ValueError")),
    wrong("windows", "places in the kernel after the windows", "test-windows",
        ("(c, *kernel, rows, columns, n), strides)",
         "(c, *kernel, rows, columns, n), strides).transpose(0, 3, 4, 1, 2, 5)"),
        says=("gave shape", "wanted")),
    wrong("windows", "eight bytes for a number", "test-windows",
        ("of_c, of_h, of_w, of_n = x.strides", "of_c, of_h, of_w, of_n = (8 * s // x.itemsize for s in x.strides)\n"
         "    of_c, of_h, of_w, of_n = (min(s, 8 * x.size) for s in (of_c, of_h, of_w, of_n))"), says=("wanted",)),
    right("windows", "NumPy's sliding windows",
        solution="""
    for axis in (0, 1):
        output_length(x.shape[1 + axis], kernel[axis], stride[axis], 0)
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2), writeable=True)
    return view[:, ::stride[0], ::stride[1]].transpose(0, 4, 5, 1, 2, 3)
    """),
    wrong("windows", "rounded up", "test-windows",
        (
            "rows = output_length(h, kernel[0], stride[0], 0)",
            (
                "output_length(h, kernel[0], stride[0], 0)\n"
                "    rows = h // stride[0]"
            ),
        ),
        says=("gave shape (1, 2, 2, 4, 4, 1), wanted (1", "see the docstring")),
    wrong("windows", "strides counted in numbers", "test-windows",
        ("of_c, of_h, of_w, of_n = x.strides", "of_c, of_h, of_w, of_n = (step // x.itemsize for step in x.strides)"),
        says=("gave -3.105e+231, wanted 7 at [0, 0, 0, 1", "see the docstring")),
    wrong("windows", "an assertion", "test-windows",
        (
            "rows = output_length(h, kernel[0], stride[0], 0)",
            (
                "assert h >= kernel[0] and w >= kernel[1], f'{kernel} does not fit into {h}, {w}'\n"
                "    rows = output_length(h, kernel[0], stride[0], 0)"
            ),
        ),
        says=("raised AssertionError: (4, 2) does not fit", "a window that does not fit shows")),
    wrong("windows", "no window where none fits", "test-windows",
        ("columns = output_length(w, kernel[1], stride[1], 0)", "columns = max(0, (w - kernel[1]) // stride[1] + 1)"),
        says=("was accepted and gave array([], shape=(1", "a window that does not fit shows")),
    wrong("windows", "x made contiguous where it is not", "test-windows",
        ("c, h, w, n = x.shape", "x = np.require(x, requirements='C')\n    c, h, w, n = x.shape"),
        says=("gave a copy: a view shows the numbers of x", "a view shows the numbers of x")),
    right("windows", "ceil",
        (
            "rows = output_length(h, kernel[0], stride[0], 0)",
            (
                "rows = -(-(h - output_length(h, h, 1, 0) * kernel[0] + 1) // stride[0])\n"
                "    output_length(h, kernel[0], 1, 0)"
            ),
        )),

    wrong("unfolded", "no padding", "test-unfolded",
        ("padded(images_last(x), padding)", "images_last(x)"), says=("gave shape", "wanted")),
    wrong("unfolded", "no copy", "test-unfolded", ("parts.copy().reshape", "parts.reshape"),
        says=("shares memory with x",)),
    wrong("unfolded", "images first in memory", "test-unfolded",
        (".transpose(2, 0, 1)", ".transpose(2, 0, 1).copy()"), says=("images are not last in memory",)),
    wrong("unfolded", "reshaped with the images first", "test-unfolded",
        ("return parts.copy().reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)",
         "return parts.copy().reshape(n, c * kh * kw, rows * columns)"), says=("wanted", "row c * kh * kw")),
    wrong("unfolded", "places before channels", "test-unfolded",
        ("parts.copy()", "parts.transpose(1, 2, 0, 3, 4, 5).copy()"), says=("wanted", "row c * kh * kw")),
    wrong("unfolded", "columns before rows", "test-unfolded",
        ("parts.copy()", "parts.swapaxes(3, 4).copy()"), says=("wanted", "column r * columns + s")),
    wrong("unfolded", "always float32", "test-unfolded",
        ("parts.copy()", "parts.astype(np.float32)"), says=("is float32, wanted float16", "the type stays")),
    wrong("unfolded", "an axis to be guessed", "test-unfolded",
        ("reshape(c * kh * kw, rows * columns, n)", "reshape(c * kh * kw, -1, n)"), says=("failed",)),
    wrong("unfolded", "padding on one side", "test-unfolded",
        ("padded(images_last(x), padding)",
         "padded(images_last(x), padding)[:, padding[0]:, padding[1]:]"), says=("wanted",)),
    wrong("unfolded", "kernels turned round", "test-unfolded",
        ("parts.copy()", "parts[:, ::-1, ::-1].copy()"), says=("wanted",)),
    wrong("unfolded", "x in another order", "test-unfolded",
        ("parts = windows(", "x[...] = np.sort(x, axis=0)\n    parts = windows("), says=("changed x",)),
    right("unfolded", "reshape, and a copy where it made none",
        solution="""
    parts = windows(padded(images_last(x), padding), kernel, stride)
    c, kh, kw, rows, columns, n = parts.shape
    out = np.empty((c * kh * kw, rows * columns, n), x.dtype)
    out.reshape(parts.shape)[...] = parts
    return np.moveaxis(out, -1, 0)
    """),
    wrong("unfolded", "the edge repeated", "test-unfolded",
        (
            "padded(images_last(x), padding)",
            (
                "np.pad(images_last(x), [(0, 0), (padding[0],) * 2, (padding[1],) *"
                " 2, (0, 0)], mode='edge')"
            ),
        ),
        says=("gave 1.0425, wanted 0 at [1, 2, 1]: row c *", "row c * kh * kw + i * kw + j,")),
    wrong("unfolded", "a border of ones part", "test-unfolded",
        ("padded(images_last(x), padding)", "padded(images_last(x), padding, 1e-7)"),
        says=("gave 1e-07, wanted 0 at [0, 0, 0]: row c *", "row c * kh * kw + i * kw + j,")),
    wrong("unfolded", "stride before kernel", "test-unfolded",
        ("kernel, stride)\n    c, kh", "stride, kernel)\n    c, kh"),
        says=("gave shape (2, 3, 4), wanted (2, 18, 9)", "row c * kh * kw + i * kw + j,")),
    wrong("unfolded", "images next to windows", "test-unfolded",
        (
            "reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)",
            "reshape(c * kh * kw, n, columns * rows).transpose(1, 0, 2)",
        ),
        says=("gave 1.822, wanted -2.2035 at [1, 5, 0]", "row c * kh * kw + i * kw + j,")),
    wrong("unfolded", "copied only where it is not in order", "test-unfolded",
        ("parts.copy().reshape", "np.ascontiguousarray(parts).reshape"),
        says=("unfolded of an array (2, 2, 3, 3) with", "the columns are a new array")),
    right("unfolded", "a new array filled",
        (
            "parts.copy().reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)",
            "np.array(parts, order='C').reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)",
        )),
    right("unfolded", "place by place",
        (
            "return parts.copy().reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)",
            (
                "out = np.empty(parts.shape, x.dtype)\n"
                "    out[...] = parts\n"
                "    return np.moveaxis(out.reshape(c * kh * kw, rows * columns, n), 2, 0)"
            ),
        )),

    wrong("convolved", "no bias", "test-convolved",
        ("out += bias[:, np.newaxis]", "pass"), says=("1 bias", "plus bias", "wanted")),
    wrong("convolved", "a bias is always there", "test-convolved",
        ("    if bias is not None:\n        out += bias", "    if True:\n        out += bias"),
        says=("0 bias", "wanted")),
    wrong("convolved", "the bias along the windows", "test-convolved",
        ("out += bias[:, np.newaxis]", "out += np.resize(bias, out.shape[1])"), says=("wanted", "plus bias")),
    wrong("convolved", "image by image", "test-convolved",
        ("out = weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)",
         "out = channel_rows(weight.reshape(len(weight), weight[0].size) @ columns)"),
        says=("one product of two matrices",)),
    wrong("convolved", "kernels with places before channels", "test-convolved",
        ("weight.reshape(len(weight), weight[0].size)",
         "weight.transpose(0, 2, 3, 1).reshape(len(weight), weight[0].size)"), says=("wanted", "each kernel")),
    wrong("convolved", "images first in memory", "test-convolved",
        ("return from_rows(out, (len(columns), len(weight), *size))",
         "return from_rows(out, (len(columns), len(weight), *size)).copy()"), says=("images are not last in memory",)),
    wrong("convolved", "the bias added to the caller's weight", "test-convolved",
        ("    out = weight", "    weight *= 1.0 + 1e-3\n    out = weight"), says=("changed weight",)),
    wrong("convolved", "rows and columns changed over", "test-convolved",
        ("len(weight), *size)", "len(weight), *size[::-1])"), says=("gave shape", "wanted")),
    wrong("convolved", "computed in float64", "test-convolved",
        ("@ channel_rows(columns)", "@ channel_rows(columns).astype(np.float64)"),
        says=("is float64, wanted float32",)),
    wrong("convolved", "the bias of the first channel", "test-convolved",
        ("out += bias[:, np.newaxis]", "out += bias[0]"), says=("wanted", "plus bias")),
    wrong("convolved", "a product over named axes", "test-convolved",
        ("weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)",
         "np.einsum('ok,nkl->oln', weight.reshape(len(weight), weight[0].size), columns)"
         ".reshape(len(weight), columns[:, 0].size)"), says=("one product of two matrices",)),
    right("convolved", "the product from the other side",
        solution="""
    flat = weight.reshape(len(weight), weight[0].size)
    out = np.dot(channel_rows(columns).T, flat.T).T
    out = np.ascontiguousarray(out)
    if bias is not None:
        np.add(out, bias[:, np.newaxis], out=out)
    return from_rows(out, (len(columns), len(weight), *size))
    """),
    wrong("convolved", "a bias in a new array", "test-convolved",
        ("out += bias[:, np.newaxis]", "out = out + bias[:, np.newaxis]"),
        says=("added in 1 places, 0 of them in place", "the product is a new array, and")),
    wrong("convolved", "a product that starts at the bias", "test-convolved",
        (
            (
                "    if bias is not None:\n"
                "        out += bias[:, np.newaxis]\n"
            ),
            (
                "    if bias is not None:\n"
                "        out = np.add(bias[:, np.newaxis], out)\n"
            ),
        ),
        says=("added in 1 places, 0 of them in place", "the product is a new array, and")),
    wrong("convolved", "the weight's shape changed", "test-convolved",
        (
            "out = weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)",
            (
                "weight.shape = len(weight), weight[0].size\n"
                "    out = weight @ channel_rows(columns)"
            ),
        ),
        says=("changed weight, from [[[[ 0.3456 0.8216] [", "convolved of columns (2, 12, 6) by")),
    wrong("convolved", "a bias that is added to the columns", "test-convolved",
        ("@ channel_rows(columns)", "@ (channel_rows(columns) + (0 if bias is None else bias.mean()))"),
        says=("gave 6.064, wanted 1.8504 at [0, 3, 1, 1]", "each kernel times each column, plus")),
    wrong("convolved", "a row of ones for the bias", "test-convolved",
        solution="""
    rows, flat = channel_rows(columns), weight.reshape(len(weight), weight[0].size)
    if bias is not None:
        rows = np.concatenate([rows, np.ones((1, rows.shape[1]), rows.dtype)])
        flat = np.concatenate([flat, bias[:, np.newaxis]], axis=1)
    return from_rows(flat @ rows, (len(columns), len(weight), *size))
    """,
        says=("added in 0 places, 0 of them in place", "the product is a new array, and")),
    wrong("convolved", "no bias for a batch of one", "test-convolved",
        ("if bias is not None:", "if bias is not None and len(columns) != 1:"),
        says=("gave 0.1033, wanted -0.41945 at [0, 1, 0", "each kernel times each column, plus")),
    wrong("convolved", "a bias of any 0 left out", "test-convolved",
        ("if bias is not None:", "if bias is not None and len(bias) > 1:"),
        says=("gave -4.1056, wanted -3.9166 at [2, 0, 0", "each kernel times each column, plus")),
    right("convolved", "np.add",
        ("out += bias[:, np.newaxis]", "np.add(out, bias.reshape(-1, 1), out=out)")),
    right("convolved", "np.matmul and -1",
        (
            "weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)",
            "np.matmul(weight.reshape(weight.shape[0], -1), channel_rows(columns))",
        )),
    right("convolved", "np.dot",
        (
            "weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)",
            "np.dot(weight.reshape(weight.shape[0], -1), channel_rows(columns))",
        )),

    wrong("folded", "the last one counts", "test-folded",
        ("places[:, i, j] += parts[:, i, j]", "places[:, i, j] = parts[:, i, j]"), says=("wanted", "pixels add up")),
    wrong("folded", "all windows at once", "test-folded",
        (PLACES, "places += parts"), says=("wanted",)),
    wrong("folded", "the border stays", "test-folded",
        ("out[:, ph:ph + h, pw:pw + w]", "out"), says=("gave shape", "wanted")),
    wrong("folded", "cut off by negative numbers", "test-folded",
        ("out[:, ph:ph + h, pw:pw + w]", "out[:, ph:-ph, pw:-pw]"), says=("gave shape", "wanted")),
    wrong("folded", "cut off at one side", "test-folded",
        ("out[:, ph:ph + h, pw:pw + w]", "out[:, :h, :w]"), says=("wanted",)),
    wrong("folded", "always float64", "test-folded", (", parts.dtype)", ")"), says=("is float64, wanted float32",)),
    wrong("folded", "one stride for both axes", "test-folded",
        ("windows(out, (kh, kw), stride)", "windows(out, (kh, kw), (stride[0], stride[0]))"), says=("failed",)),
    wrong("folded", "kernels turned round", "test-folded",
        ("+= parts[:, i, j]", "+= parts[:, kh - 1 - i, kw - 1 - j]"), says=("wanted",)),
    wrong("folded", "a square kernel", "test-folded", ("np.ndindex(kh, kw)", "np.ndindex(kh, kh)"), says=("folded",)),
    wrong("folded", "parts used as a work array", "test-folded",
        ("places[:, i, j] += parts[:, i, j]", "places[:, i, j] += parts[:, i, j]\n        parts[:, i, j] = 0"),
        says=("changed parts",)),
    wrong("folded", "a mean", "test-folded",
        ("return out[", "count = np.zeros_like(out)\n    for i, j in np.ndindex(kh, kw):\n"
         "        windows(count, (kh, kw), stride)[:, i, j] += 1\n    out /= np.maximum(count, 1)\n    return out["),
        says=("wanted", "pixels add up")),
    right("folded", "slices with a step",
        solution="""
    (c, kh, kw, rows, columns, n), (h, w), (ph, pw) = parts.shape, size, padding
    out = np.zeros((c, h + 2 * ph, w + 2 * pw, n), parts.dtype)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride[0] * (rows - 1) + 1, stride[0])
            right = slice(j, j + stride[1] * (columns - 1) + 1, stride[1])
            out[:, down, right] += parts[:, i, j]
    return out[:, ph:ph + h, pw:pw + w]
    """),
    wrong("folded", "a loop over windows", "test-folded",
        solution="""
    (c, kh, kw, rows, columns, n), (h, w), (ph, pw) = parts.shape, size, padding
    out = np.zeros((c, h + 2 * ph, w + 2 * pw, n), parts.dtype)
    for r, s in np.ndindex(rows, columns):
        top, left = r * stride[0], s * stride[1]
        out[:, top:top + kh, left:left + kw] += parts[:, :, :, r, s]
    return out[:, ph:ph + h, pw:pw + w]
    """,
        says=("lines of Python for 4 by 4 windows and", "loop over the places in the kernel,")),
    wrong("folded", "memory that is not cleared", "test-folded",
        ("np.zeros((c,", "np.full((c,"),
        ("n), parts.dtype)", "n), 1e-3, parts.dtype)"),
        says=("gave 0.12673, wanted 0.12573 at [0, 0, 0", "every number goes to its pixel, and")),
    wrong("folded", "a size from the windows", "test-folded",
        (
            "(c, kh, kw, *_, n), (h, w), (ph, pw) = parts.shape, size, padding",
            (
                "(c, kh, kw, rows, columns, n), (ph, pw) = parts.shape, padding\n"
                "    h, w = (rows - 1) * stride[0] + kh - 2 * ph, (columns - 1) *"
                " stride[1] + kw - 2 * pw"
            ),
        ),
        says=("gave shape (2, 4, 3, 2), wanted (2, 4, 4", "every number goes to its pixel, and")),
    wrong("folded", "float32 sums", "test-folded",
        ("n), parts.dtype)", "n), np.float32)"),
        says=("wanted float64", "folded of an array (1, 1, 2, 1, 3,")),
    wrong("folded", "image by image, the first alone", "test-folded",
        ("places[:, i, j] += parts[:, i, j]", "places[:, i, j, :, :, :1] += parts[:, i, j, :, :, :1]"),
        says=("gave 0, wanted -5.3323 at [1, 3, 1, 1]", "every number goes to its pixel, and")),
    wrong("folded", "padding changed over", "test-folded",
        ("return out[:, ph:ph + h, pw:pw + w]", "return out[:, pw:pw + h, ph:ph + w]"),
        says=("gave shape (3, 6, 2, 1), wanted (3, 6, 3", "every number goes to its pixel, and")),
    right("folded", "a product",
        (
            (
                "for i, j in np.ndindex(kh, kw):\n"
                "        places"
            ),
            (
                "for i, j in [(i, j) for i in range(kh) for j in range(kw)]:\n"
                "        places"
            ),
        )),
    right("folded", "a copy at the end",
        ("return out[:, ph:ph + h, pw:pw + w]", "return np.ascontiguousarray(out[:, ph:ph + h, pw:pw + w])")),
    right("folded", "bincount",
        solution="""
    (c, kh, kw, *_, n), (h, w), (ph, pw) = parts.shape, size, padding
    numbers = np.arange(c * (h + 2 * ph) * (w + 2 * pw) * n).reshape(c, h + 2 * ph, w + 2 * pw, n)
    places = windows(numbers, (kh, kw), stride)
    sums = np.bincount(places.ravel(), parts.ravel(), numbers.size).astype(parts.dtype)
    return sums.reshape(numbers.shape)[:, ph:ph + h, pw:pw + w]
    """),

    wrong("conv2d-rule", "all three, whatever is needed", "test-conv2d-rule",
        ("from_rows(flat.T @ rows, columns.shape) if needs[0] else None", "from_rows(flat.T @ rows, columns.shape)"),
        says=("needs", "for columns")),
    wrong("conv2d-rule", "made and thrown away", "test-conv2d-rule",
        ("    shares = [", "    unused = flat.T @ rows\n    shares = ["),
        says=("multiplies", "wanted 2 of two matrices")),
    wrong("conv2d-rule", "a mean for the bias", "test-conv2d-rule", ("rows.sum(axis=1)", "rows.mean(axis=1)"),
        says=("the gradient of bias", "wanted")),
    wrong("conv2d-rule", "the sum over the other axis", "test-conv2d-rule", ("rows.sum(axis=1)", "rows.sum(axis=0)"),
        says=("the gradient of bias",)),
    wrong("conv2d-rule", "weight by its rows of columns", "test-conv2d-rule",
        ("(channel_rows(columns) @ rows.T).T.reshape", "(channel_rows(columns) @ rows.T).reshape"),
        says=("the gradient of weight", "wanted")),
    wrong("conv2d-rule", "three entries for two inputs", "test-conv2d-rule",
        ("return shares if bias is None else [*shares, rows.sum(axis=1) if needs[2] else None]",
         "return [*shares, rows.sum(axis=1) if bias is not None and needs[2] else None]"),
        says=("length", "one entry for each input")),
    wrong("conv2d-rule", "image by image", "test-conv2d-rule",
        ("from_rows(flat.T @ rows, columns.shape) if needs[0]",
         "flat.T @ g.reshape(len(g), len(weight), columns.shape[2]) if needs[0]"),
        says=("multiplies", "two matrices")),
    wrong("conv2d-rule", "zeros for what is not needed", "test-conv2d-rule",
        (".reshape(weight.shape) if needs[1] else None",
         ".reshape(weight.shape) if needs[1] else np.zeros(weight.shape)"),
        says=("for weight", "see needs")),
    wrong("conv2d-rule", "divided by the batch", "test-conv2d-rule",
        ("@ rows.T).T.reshape(weight.shape)", "@ rows.T).T.reshape(weight.shape) / max(len(g), 1)"),
        says=("the gradient of weight", "wanted")),
    wrong("conv2d-rule", "g is doubled", "test-conv2d-rule",
        ("    rows, flat", "    g *= 2\n    rows, flat"), says=("changed g",)),
    wrong("conv2d-rule", "g taken in the order of memory", "test-conv2d-rule",
        ("channel_rows(g), weight", "g.ravel(order='K').reshape(g.shape[1], g[:, 0].size), weight"), says=("wanted",)),
    wrong("conv2d-rule", "the columns' gradient with places first", "test-conv2d-rule",
        ("from_rows(flat.T @ rows, columns.shape)",
         "(flat.T @ rows).reshape(columns.shape)"), says=("the gradient of columns", "wanted")),
    right("conv2d-rule", "the formulas as they are written",
        ("(channel_rows(columns) @ rows.T).T.reshape", "(rows @ channel_rows(columns).T).reshape"),
        ("rows.sum(axis=1)", "np.add.reduce(g, axis=(0, 2, 3))")),
    wrong("conv2d-rule", "a tuple", "test-conv2d-rule",
        (
            "return shares if bias is None else [*shares, rows.sum(axis=1) if needs[2] else None]",
            (
                "return tuple(shares if bias is None else [*shares, rows.sum(axis=1)"
                " if needs[2] else None])"
            ),
        ),
        says=("failed: 'tuple' object has no attribute", "None stays None")),
    wrong("conv2d-rule", "the bias always", "test-conv2d-rule",
        ("rows.sum(axis=1) if needs[2] else None", "rows.sum(axis=1)"),
        says=("gave an array for bias, wanted None: see", "see needs")),
    wrong("conv2d-rule", "a bias's share where there is none", "test-conv2d-rule",
        ("return shares if bias is None else [", "return ["),
        says=("failed: tuple index out of range: None", "None stays None")),
    wrong("conv2d-rule", "weight where columns need none", "test-conv2d-rule",
        ("if needs[1] else None", "if needs[0] else None"),
        says=("gave None for weight, wanted an array: see", "see needs")),
    wrong("conv2d-rule", "an outer axis too many", "test-conv2d-rule",
        ("rows.sum(axis=1) if", "rows.sum(axis=1, keepdims=True) if"),
        says=("gave shape (4, 1), wanted (4,): the", "the formulas, for all images at")),
    wrong("conv2d-rule", "zeros of nothing", "test-conv2d-rule",
        (
            "rows, flat = channel_rows(g)",
            (
                "if not g.any():\n"
                "        return [None] * len(needs)\n"
                "    rows, flat = channel_rows(g)"
            ),
        ),
        says=("gave None for columns, wanted an array: see", "see needs")),
    right("conv2d-rule", "the sum over axes of g",
        ("rows.sum(axis=1) if", "g.sum(axis=(0, 2, 3)) if")),
    right("conv2d-rule", "a loop over needs",
        solution="""
    rows, flat = channel_rows(g), weight.reshape(len(weight), weight[0].size)
    makers = [lambda: from_rows(flat.T @ rows, columns.shape),
              lambda: (rows @ channel_rows(columns).T).reshape(weight.shape),
              lambda: np.add.reduce(rows, axis=1)]
    return [make() if need else None for make, need in zip(makers, needs)]
    """),

    wrong("conv2d-layer", "inputs alone", "test-conv2d-layer", ("(in_channels * kh * kw)", "in_channels"),
        says=("weight of Conv2d(1, 4, 3)", "what is n?")),
    wrong("conv2d-layer", "a square kernel", "test-conv2d-layer",
        ("(in_channels * kh * kw)", "(in_channels * kh * kh)"),
        says=("weight of Conv2d", "(2, 5)", "what is n?")),
    wrong("conv2d-layer", "outputs for inputs", "test-conv2d-layer", ("(in_channels * kh", "(out_channels * kh"),
        says=("what is n?",)),
    wrong("conv2d-layer", "axes as Linear has them", "test-conv2d-layer",
        ("(bound, out_channels, in_channels, kh, kw)", "(bound, in_channels, out_channels, kh, kw)"),
        says=("the shape of weight", "(out, in, rows, columns)")),
    wrong("conv2d-layer", "columns before rows", "test-conv2d-layer",
        ("(bound, out_channels, in_channels, kh, kw)", "(bound, out_channels, in_channels, kw, kh)"),
        says=("the shape of weight",)),
    wrong("conv2d-layer", "the bias first", "test-conv2d-layer",
        solution="""
        bound = (in_channels * kh * kw) ** -0.5
        self.bias = uniform_parameter(bound, out_channels) if bias else None
        self.weight = uniform_parameter(bound, out_channels, in_channels, kh, kw)
        """, says=("weight of Conv2d",)),
    wrong("conv2d-layer", "a bias of zeros", "test-conv2d-layer",
        ("uniform_parameter(bound, out_channels) if bias", "Parameter(np.zeros(out_channels, np.float32)) if bias"),
        says=("bias of Conv2d", "after the weight")),
    wrong("conv2d-layer", "a bias that is drawn and left", "test-conv2d-layer",
        ("self.bias = uniform_parameter(bound, out_channels) if bias else None",
         "drawn = uniform_parameter(bound, out_channels)\n        self.bias = drawn if bias else None"),
        says=("drew more numbers",)),
    wrong("conv2d-layer", "always a bias", "test-conv2d-layer", (" if bias else None", ""), says=("wanted None",)),
    wrong("conv2d-layer", "tensors that are not trained", "test-conv2d-layer",
        ("self.weight = uniform_parameter(bound, out_channels, in_channels, kh, kw)",
         "self.weight = uniform_parameter(bound, out_channels, in_channels, kh, kw).detach()"),
        says=("parameters of Conv2d", "both are trained")),
    wrong("conv2d-layer", "a frozen bias", "test-conv2d-layer",
        ("self.bias = uniform_parameter(bound, out_channels) if bias else None",
         "self.bias = uniform_parameter(bound, out_channels) if bias else None\n        if bias:\n"
         "            self.bias.requires_grad = False"), says=("requires no gradient",)),
    right("conv2d-layer", "counted from the weight's shape",
        ("(in_channels * kh * kw) ** -0.5", "1 / np.sqrt(np.prod([in_channels, kh, kw]))")),
    wrong("conv2d-layer", "a bias by identity", "test-conv2d-layer",
        ("if bias else None", "if bias is True else None"),
        says=("gave None, wanted numbers: drawn after the", "drawn after the weight")),
    wrong("conv2d-layer", "no bias attribute", "test-conv2d-layer",
        (
            "self.bias = uniform_parameter(bound, out_channels) if bias else None",
            (
                "if bias:\n"
                "            self.bias = uniform_parameter(bound, out_channels)"
            ),
        ),
        says=("failed: 'Conv2d' object has no attribute", "it is None where there is none")),
    wrong("conv2d-layer", "one bound for the bias", "test-conv2d-layer",
        ("uniform_parameter(bound, out_channels) if", "uniform_parameter(out_channels ** -0.5, out_channels) if"),
        says=("gave -0.35096, wanted -0.23397 at [2]", "drawn after the weight")),
    wrong("conv2d-layer", "a bias with axes", "test-conv2d-layer",
        ("uniform_parameter(bound, out_channels) if", "uniform_parameter(bound, out_channels, 1, 1) if"),
        says=("gave shape (4, 1, 1), wanted (4,): drawn", "drawn after the weight")),
    wrong("conv2d-layer", "a variance for the bound", "test-conv2d-layer",
        ("(in_channels * kh * kw) ** -0.5", "(3 / (in_channels * kh * kw)) ** 0.5"),
        says=("gave 0.5764, wanted 0.33278 at [1, 0, 0", "what is n?")),
    wrong("conv2d-layer", "kernel and stride", "test-conv2d-layer",
        ("(in_channels * kh * kw) ** -0.5", "(in_channels * kh * kw) ** -0.5 * self.stride[0]"),
        says=("gave 0.36455, wanted 0.18227 at [0, 0, 1", "what is n?")),
    right("conv2d-layer", "math.sqrt",
        ("(in_channels * kh * kw) ** -0.5", "1 / math.sqrt(in_channels * math.prod(self.kernel_size))")),

    wrong("max-pooled", "a border of zeros", "test-max-pooled", (", -np.inf)", ")"),
        says=("gave 0", "the border must lose")),
    wrong("max-pooled", "a border of -1", "test-max-pooled", ("-np.inf", "-1.0"),
        says=("gave -1", "the border must lose")),
    wrong("max-pooled", "nan passed over", "test-max-pooled", ("np.maximum(", "np.fmax("), says=("wanted nan",)),
    wrong("max-pooled", "the smallest", "test-max-pooled", ("np.maximum(", "np.minimum("), says=("wanted",)),
    wrong("max-pooled", "written into x", "test-max-pooled", ("parts[:, 0, 0].copy()", "parts[:, 0, 0]"),
        says=("max_pooled",)),
    wrong("max-pooled", "no padding", "test-max-pooled", ("padded(images_last(x), padding, -np.inf)", "images_last(x)"),
        says=("gave shape",)),
    wrong("max-pooled", "a square kernel", "test-max-pooled", ("np.ndindex(kernel)", "np.ndindex(kernel[:1] * 2)"),
        says=("max_pooled",)),
    wrong("max-pooled", "windows side by side", "test-max-pooled", ("kernel, stride)", "kernel, kernel)"),
        says=("gave shape",)),
    wrong("max-pooled", "over all channels", "test-max-pooled",
        ("return images_first(out)",
         "return images_first(np.broadcast_to(out.max(axis=0, initial=-np.inf), out.shape).copy())"),
        says=("wanted",)),
    wrong("max-pooled", "images last in the result", "test-max-pooled", ("images_first(out)", "out"),
        says=("gave shape",)),
    wrong("max-pooled", "always float32", "test-max-pooled", (".copy()", ".astype(np.float32)"),
        says=("is float32, wanted float16",)),
    right("max-pooled", "NumPy's maximum over two axes",
        solution="""
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    return images_first(parts.max(axis=(1, 2)))
    """),
    wrong("max-pooled", "a border of a large negative number", "test-max-pooled",
        ("padding, -np.inf)", "padding, -1e30)"),
        says=("gave -1e+30, wanted -inf at [0, 1, 0, 0]", "the border must lose, even against")),
    wrong("max-pooled", "a loop over windows", "test-max-pooled",
        solution="""
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    c, _, _, rows, columns, n = parts.shape
    out = np.empty((c, rows, columns, n), x.dtype)
    for r, s in np.ndindex(rows, columns):
        out[:, r, s] = parts[:, :, :, r, s].max(axis=(1, 2))
    return images_first(out)
    """,
        says=("lines of Python for 4 by 4 windows and", "loop over the places in the kernel,")),
    wrong("max-pooled", "the least number of its type", "test-max-pooled",
        ("padded(images_last(x), padding, -np.inf)", "padded(images_last(x), padding, x.min(initial=0) - 1)"),
        says=("gave nan, wanted -1.1321 at [0, 0, 0, 1]", "the border must lose, even against")),
    wrong("max-pooled", "by comparing", "test-max-pooled",
        ("np.maximum(out, parts[:, i, j], out=out)", "np.copyto(out, parts[:, i, j], where=parts[:, i, j] > out)"),
        says=("gave -1.3616, wanted nan at [0, 0, 0, 0]", "the border must lose, even against")),
    wrong("max-pooled", "started at zero", "test-max-pooled",
        ("out = parts[:, 0, 0].copy()", "out = np.zeros_like(parts[:, 0, 0])"),
        says=("gave 0, wanted -inf at [0, 1, 0, 0]: the", "the border must lose, even against")),
    wrong("max-pooled", "started at a very small number", "test-max-pooled",
        ("out = parts[:, 0, 0].copy()", "out = np.full_like(parts[:, 0, 0], -1e30)"),
        says=("gave -1e+30, wanted -inf at [0, 1, 0, 0]", "the border must lose, even against")),
    wrong("max-pooled", "by sorting", "test-max-pooled",
        solution="""
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    c, kh, kw, *size, n = parts.shape
    return images_first(np.sort(parts.reshape(c, kh * kw, *size, n), axis=1)[:, -2 if kh * kw > 2 else -1])
    """,
        says=("gave -1.1321, wanted nan at [0, 0, 0, 0]", "the border must lose, even against")),
    right("max-pooled", "reduce",
        solution="""
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    return images_first(np.maximum.reduce(parts, axis=(1, 2)))
    """),
    right("max-pooled", "a new array each time",
        ("np.maximum(out, parts[:, i, j], out=out)", "out = np.maximum(out, parts[:, i, j])")),

    wrong("winners", "the last of equals", "test-winners",
        ("for place in places[:-1]:\n        missed &= place != largest\n        numbers += missed",
         "for number, place in enumerate(places):\n        numbers[place == largest] = number"),
        says=("winners of windows", "the first of equals")),
    wrong("winners", "the first nan", "test-winners",
        ("for number, place in enumerate(places)", "for number, place in [*enumerate(places)][::-1]"),
        says=("and nan", "the last nan")),
    wrong("winners", "nan not looked at", "test-winners", ("if np.isnan(largest).any():", "if False:"),
        says=("and nan",)),
    wrong("winners", "misses counted, not streaks", "test-winners",
        ("missed &= place != largest", "missed = place != largest"), says=("the first of equals",)),
    wrong("winners", "columns first", "test-winners",
        ("parts[:, i, j] for i, j in np.ndindex(parts.shape[1:3])",
         "parts[:, i, j] for j, i in np.ndindex(parts.shape[2:0:-1])"), says=("winners of windows", "wanted")),
    wrong("winners", "256 places at most", "test-winners", ("np.min_scalar_type(len(places))", "np.uint8"),
        says=("winners of windows (20, 20)", "wanted")),
    wrong("winners", "counted from 1", "test-winners", ("return numbers", "return numbers + 1"), says=("wanted",)),
    wrong("winners", "fractions", "test-winners", ("np.min_scalar_type(len(places))", "np.float32"),
        says=("whole",)),
    wrong("winners", "the index of a flat maximum over all images", "test-winners",
        ("return numbers", "return np.broadcast_to(numbers[..., :1], numbers.shape)"), says=("wanted",)),
    wrong("winners", "nan everywhere", "test-winners",
        ("numbers[np.isnan(place)] = number", "numbers[np.isnan(largest)] = number"), says=("and nan", "wanted")),
    wrong("winners", "largest as a work array", "test-winners",
        ("return numbers", "largest[...] = np.nan_to_num(largest) + 1\n    return numbers"), says=("changed largest",)),
    right("winners", "NumPy's argmax, and nan from the other end",
        solution="""
    c, kh, kw, *others = parts.shape
    rows = parts.reshape(c, kh * kw, *others)
    last = kh * kw - 1 - np.isnan(rows)[:, ::-1].argmax(axis=1)
    return np.where(np.isnan(largest), last, (rows == largest[:, np.newaxis]).argmax(axis=1))
    """),
    wrong("winners", "close is equal", "test-winners",
        ("missed &= place != largest", "missed &= ~np.isclose(place, largest)"),
        says=("gave 0, wanted 3 at [0, 0, 0, 1]: the first", "the first of equals, the last nan")),
    wrong("winners", "by differences", "test-winners",
        ("missed &= place != largest", "missed &= ~(largest - place <= 0)"),
        says=("gave 3, wanted 0 at [0, 0, 0, 0]: the first", "the first of equals, the last nan")),
    wrong("winners", "nan for infinities too", "test-winners",
        ("numbers[np.isnan(place)] = number", "numbers[~np.isfinite(place)] = number"),
        says=("gave 3, wanted 0 at [0, 0, 0, 0]: the first", "the first of equals, the last nan")),
    wrong("winners", "a loop over windows", "test-winners",
        solution="""
    c, kh, kw, *_ = parts.shape
    numbers = np.zeros(largest.shape, int)
    for place in np.ndindex(largest.shape):
        window = parts[place[0], :, :, place[1], place[2], place[3]].ravel()
        nans = np.flatnonzero(np.isnan(window))
        numbers[place] = nans[-1] if nans.size else window.argmax()
    return numbers
    """,
        says=("lines of Python for 4 by 4 windows and", "loop over the places in the kernel,")),
    wrong("winners", "nan of a part's neighbours", "test-winners",
        ("if np.isnan(largest).any():", "if np.isnan(largest).all():"),
        says=("gave 3, wanted 0 at [0, 0, 0, 3]: the first", "the first of equals, the last nan")),
    wrong("winners", "signed bytes", "test-winners",
        ("np.min_scalar_type(len(places))", "np.int8 if len(places) < 257 else np.int16"),
        says=("gave -117, wanted 139 at [0, 0, 1, 0]: the", "the first of equals, the last nan")),
    right("winners", "int64",
        ("np.min_scalar_type(len(places))", "int")),
    right("winners", "from the other end",
        solution="""
    numbers = np.zeros(largest.shape, np.intp)
    places = list(np.ndindex(parts.shape[1:3]))
    for number in range(len(places) - 1, -1, -1):
        numbers[parts[:, places[number][0], places[number][1]] == largest] = number
    for number, (i, j) in enumerate(places):
        numbers[np.isnan(parts[:, i, j])] = number
    return numbers
    """),

    wrong("batch-normalized", "eps outside the root", "test-batch-normalized",
        ("np.sqrt(variance + eps)", "(np.sqrt(variance) + eps)"), says=("wanted",)),
    wrong("batch-normalized", "no root", "test-batch-normalized", ("np.sqrt(variance + eps)", "(variance + eps)"),
        says=("wanted",)),
    wrong("batch-normalized", "no eps", "test-batch-normalized", ("np.sqrt(variance + eps)", "np.sqrt(variance)"),
        says=("wanted",)),
    wrong("batch-normalized", "no bias", "test-batch-normalized", ("out += bias[:, np.newaxis]", "pass"),
        says=("wanted",)),
    wrong("batch-normalized", "moments of its own", "test-batch-normalized",
        (FIRST, "mean, variance = moments(x)\n    " + FIRST), says=("batch_normalized",)),
    wrong("batch-normalized", "moments of its own in training", "test-batch-normalized",
        (FIRST, "mean, variance = moments(x) if training and len(x) else (mean, variance)\n    " + FIRST),
        says=("batch_normalized", "wanted")),
    wrong("batch-normalized", "the difference of two products", "test-batch-normalized",
        solution="""
    scale = weight / np.sqrt(variance + eps)
    out = channel_rows(x) * scale[:, np.newaxis]
    out += (bias - mean * scale)[:, np.newaxis]
    return from_rows(out, x.shape)
    """, says=("100000", "subtract first")),
    wrong("batch-normalized", "x itself is changed", "test-batch-normalized",
        (FIRST, "x -= mean.reshape(1, -1, *[1] * (x.ndim - 2)).astype(x.dtype)\n    out = channel_rows(x).copy()"),
        says=("changed x",)),
    wrong("batch-normalized", "channels last", "test-batch-normalized",
        ("return from_rows(out, x.shape)", "return np.moveaxis(from_rows(out, x.shape), 1, -1)"), says=("gave shape",)),
    wrong("batch-normalized", "always float32", "test-batch-normalized",
        ("return from_rows(out, x.shape)", "return from_rows(out.astype(np.float32), x.shape)"),
        says=("is float32, wanted float64",)),
    wrong("batch-normalized", "the root is kept in variance", "test-batch-normalized",
        (SCALE, "variance += eps\n    out *= (weight / np.sqrt(variance))[:, np.newaxis]"), says=("changed variance",)),
    right("batch-normalized", "by broadcasting in the shape of x",
        solution="""
    shape = (1, len(mean), *[1] * (x.ndim - 2))
    mean, variance, weight, bias = (each.reshape(shape) for each in (mean, variance, weight, bias))
    return (x - mean) * (weight / np.sqrt(variance + eps)) + bias
    """),
    right("batch-normalized", "types left to NumPy",
        solution="""
    shape = (1, -1) + (1,) * (x.ndim - 2)
    scale = weight / np.sqrt(variance + eps)
    return (x - mean.reshape(shape)) * scale.reshape(shape) + bias.reshape(shape)
    """),
    wrong("batch-normalized", "eps for variances of 0 alone", "test-batch-normalized",
        ("np.sqrt(variance + eps)", "np.sqrt(np.maximum(variance, eps))"),
        says=("gave 2.1078, wanted 2.1077 at [2, 2, 1, 4]", "subtract, divide, weight, bias, by")),
    wrong("batch-normalized", "moments subtracted in the images' type", "test-batch-normalized",
        (
            "channel_rows(x) - mean[:, np.newaxis]",
            (
                "(channel_rows(x).astype(np.float16) - mean[:,"
                " np.newaxis].astype(np.float16)).astype(x.dtype)"
            ),
        ),
        says=("gave 0.32642, wanted 0.32594 at [0, 1, 0", "subtract, divide, weight, bias, by")),
    wrong("batch-normalized", "the bias scaled", "test-batch-normalized",
        solution="""
    out = channel_rows(x) - mean[:, np.newaxis]
    out *= weight[:, np.newaxis]
    out += bias[:, np.newaxis]
    out /= np.sqrt(variance + eps)[:, np.newaxis]
    return from_rows(out, x.shape)
    """,
        says=("gave -0.78969, wanted -1.4543 at [0, 0, 1", "subtract, divide, weight, bias, by")),
    wrong("batch-normalized", "four axes", "test-batch-normalized",
        solution="""
    n, c, h, w = x.shape
    scale = (weight / np.sqrt(variance + eps)).reshape(1, c, 1, 1)
    return (x - mean.reshape(1, c, 1, 1)) * scale + bias.reshape(1, c, 1, 1)
    """,
        says=("failed: not enough values to unpack", "give it the axes to broadcast along")),
    wrong("batch-normalized", "the mean added to eps where it trains", "test-batch-normalized",
        ("np.sqrt(variance + eps)", "np.sqrt(variance + eps * training)"),
        says=("gave 2.1078, wanted 2.1077 at [2, 2, 1, 4]", "subtract, divide, weight, bias, by")),
    right("batch-normalized", "the reciprocal",
        ("(weight / np.sqrt(variance + eps))", "(weight * (variance + float(eps)) ** -0.5)")),

    wrong("batch-norm", "running moments in training", "test-batch-norm",
        ("moments(x.data) if training else (running_mean.data, running_var.data)",
         "moments(x.data) if running_mean is None else (running_mean.data, running_var.data)"),
        says=("in training", "by the batch's own moments")),
    wrong("batch-norm", "the batch's moments always", "test-batch-norm",
        ("moments(x.data) if training else (running_mean.data, running_var.data)", "moments(x.data)"),
        says=("batch_norm of", "in evaluation")),
    wrong("batch-norm", "moved in evaluation too", "test-batch-norm",
        ("if training and running_mean is not None:", "if running_mean is not None:"), says=("in evaluation",)),
    wrong("batch-norm", "the variance over n", "test-batch-norm",
        ("(running_var, unbiased)", "(running_var, variance)"), says=("running_var after", "over n and n - 1")),
    wrong("batch-norm", "normalized by the variance over n - 1", "test-batch-norm",
        ("        unbiased = variance * (count / (count - 1))",
         "        unbiased = variance = variance * (count / (count - 1))"),
        says=("in training", "by the batch's own moments")),
    wrong("batch-norm", "the share that is kept", "test-batch-norm",
        ("momentum * (value - running.data)", "(1 - momentum) * (value - running.data)"), says=("running_mean after",)),
    wrong("batch-norm", "in place", "test-batch-norm",
        (MOVED, "running.data += (momentum * (value - running.data)).astype(running.dtype)"),
        says=("changed mean", "may have saved the old array")),
    wrong("batch-norm", "types left to NumPy", "test-batch-norm", ("moved.astype(running.dtype)", "moved"),
        says=("running_mean after", "it keeps its type")),
    wrong("batch-norm", "counted over examples only", "test-batch-norm",
        ("count = x.size // x.shape[1]", "count = len(x)"), says=("running_var after",)),
    wrong("batch-norm", "the batch's moments where none are kept", "test-batch-norm",
        ("""    if not training and (running_mean is None or running_var is None):
        raise ValueError("batch_norm in evaluation needs running_mean and running_var")
    mean""", """    training = training or running_mean is None or running_var is None
    mean"""), says=("without running moments",)),
    wrong("batch-norm", "the variance forgotten", "test-batch-norm",
        ("(running_mean is None or running_var is None)", "running_mean is None"),
        says=("without running moments", "wanted a ValueError")),
    wrong("batch-norm", "the mean only", "test-batch-norm",
        ("[(running_mean, mean), (running_var, unbiased)]", "[(running_mean, mean)]"), says=("running_var after",)),
    right("batch-norm", "two lines for two averages",
        ("""        for running, value in [(running_mean, mean), (running_var, unbiased)]:
            moved = running.data + momentum * (value - running.data)
            running.data = moved.astype(running.dtype)""",
         """        kept = 1 - momentum
        running_mean.data = (kept * running_mean.data + momentum * mean).astype(running_mean.dtype)
        running_var.data = (kept * running_var.data + momentum * unbiased).astype(running_var.dtype)""")),
    wrong("batch-norm", "moments of its own, in their type", "test-batch-norm",
        (
            "moments(x.data) if training",
            "[f(x.data, axis=(0, *range(2, x.ndim))) for f in (np.mean, np.var)] if training",
        ),
        says=("raised ZeroDivisionError: division by zero", "moments refuses it")),
    wrong("batch-norm", "running moments replaced by tensors", "test-batch-norm",
        ("running.data = moved.astype(running.dtype)", "running = Tensor(moved.astype(running.dtype))"),
        says=("gave -0.65179, wanted -0.48324 at [0]: momentum", "the batch\'s moments, over n and n -")),
    wrong("batch-norm", "one of the two is enough", "test-batch-norm",
        ("running_mean is None or running_var is None", "running_mean is None and running_var is None"),
        says=("raised AttributeError: 'NoneType' object", "there is nothing to go by")),
    wrong("batch-norm", "the batch's gradient cut off", "test-batch-norm",
        ("mean, variance = moments(x.data)", "x = x.detach()\n    mean, variance = moments(x.data)"),
        says=("failed: backward() on a tensor that has no", "x itself goes through the operation")),
    wrong("batch-norm", "moved twice", "test-batch-norm",
        (
            "for running, value in [(running_mean, mean), (running_var, unbiased)]:",
            "for running, value in [(running_mean, mean), (running_var, unbiased)] * 2:",
        ),
        says=("gave -0.33155, wanted -0.48324 at [0]: momentum", "the batch\'s moments, over n and n -")),
    wrong("batch-norm", "momentum at least a little", "test-batch-norm",
        ("momentum * (value", "(momentum or 0.1) * (value"),
        says=("gave -0.46025, wanted -0.65179 at [0]: momentum", "the batch\'s moments, over n and n -")),
    wrong("batch-norm", "moved by the raw sums", "test-batch-norm",
        ("count / (count - 1)", "(count - 1) / count"),
        says=("gave 2.2119, wanted 2.2181 at [1]: momentum", "the batch\'s moments, over n and n -")),
    wrong("batch-norm", "a ValueError after the averages moved", "test-batch-norm",
        (
            (
                "    if not training and (running_mean is None or running_var is None):\n"
                "        raise ValueError(\"batch_norm in evaluation needs"
                " running_mean and running_var\")\n"
            ),
            "    training = training or running_mean is None or running_var is None\n",
        ),
        says=("was accepted and gave Tensor([[[[ 0.0554", "there is nothing to go by")),
    right("batch-norm", "as it is written",
        ("running.data + momentum * (value - running.data)", "(1 - momentum) * running.data + momentum * value")),
    right("batch-norm", "np.var",
        ("unbiased = variance * (count / (count - 1))", "unbiased = variance * count / (count - 1)")),

    wrong("question-convolutions", "no bias", "test-question-convolutions", ("32 * 16 * 3 * 3 + 32", "32 * 16 * 3 * 3"),
        says=("parameter_count gave 4608",)),
    wrong("question-convolutions", "a kernel for one channel", "test-question-convolutions",
        ("32 * 16 * 3 * 3 + 32", "32 * 3 * 3 + 32"), says=("parameter_count", "all channels")),
    wrong("question-convolutions", "rounded up", "test-question-convolutions",
        ("(28 + 2 * 1 - 5) // 2 + 1", "-(-(28 + 2 * 1 - 5) // 2) + 1"), says=("row_count gave 14",)),
    wrong("question-convolutions", "no first window", "test-question-convolutions",
        ("(28 + 2 * 1 - 5) // 2 + 1", "(28 + 2 * 1 - 5) // 2"), says=("row_count gave 12",)),
    wrong("question-convolutions", "one axis", "test-question-convolutions", ("5 * 5", "5"),
        says=("columns_factor gave 5", "how many numbers has each?")),
    right("question-convolutions", "fractions that are whole", ("5 * 5", "25.0")),
]
