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
