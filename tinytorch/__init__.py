"""TinyTorch: a deep-learning library built lesson by lesson.

Every exported name can be taken from here, as in `from tinytorch import Tensor`; its module is imported when the
name is first used. A name whose lesson is not complete raises an ImportError that says which lesson to complete.
`from tinytorch import *` brings the names that can be had, without those of Python's own functions, such as `sum`.
"""

# Written by tito from the lessons in modules/; do not edit.

import builtins
from importlib import import_module

__version__ = "0.1.0"

_EXPORTS = {
    "tinytorch.core.activations": [
        "relu", "sigmoid", "tanh", "gelu", "softmax", "log_softmax", "ReLU", "Sigmoid", "Tanh", "GELU",
        "Softmax", "LogSoftmax",
    ],
    "tinytorch.core.attention": [
        "scaled_dot_product_attention", "chunk", "MultiheadAttention",
    ],
    "tinytorch.core.autograd": [
        "gradient_rule", "backward", "joint_rule", "check_gradients",
    ],
    "tinytorch.core.convolutions": [
        "unfold", "conv2d", "Conv2d", "max_pool2d", "avg_pool2d", "MaxPool2d", "AvgPool2d", "Flatten",
        "batch_norm", "BatchNorm2d",
    ],
    "tinytorch.core.dataloader": [
        "Dataset", "TensorDataset", "Subset", "random_split", "default_collate", "random_shift", "DataLoader",
    ],
    "tinytorch.core.embeddings": [
        "embedding", "Embedding", "sinusoidal_positions",
    ],
    "tinytorch.core.layers": [
        "Module", "Parameter", "generator", "manual_seed", "linear", "Linear", "Dropout", "layer_norm",
        "LayerNorm", "Sequential",
    ],
    "tinytorch.core.losses": [
        "mse_loss", "bce_with_logits", "cross_entropy", "MSELoss", "BCEWithLogitsLoss", "CrossEntropyLoss",
    ],
    "tinytorch.core.optimizers": [
        "Optimizer", "SGD", "Adam", "AdamW",
    ],
    "tinytorch.core.tensor": [
        "Tensor", "as_tensor", "Primitive", "is_recording", "no_grad", "Interceptor", "maximum", "where",
    ],
    "tinytorch.core.tokenization": [
        "CharTokenizer", "pretokenize", "pair_counts", "merge", "BPETokenizer",
    ],
    "tinytorch.core.training": [
        "stratified_split", "batches", "Score", "accuracy", "evaluate", "clip_grad_norm", "cosine_lr",
        "CosineSchedule", "updates_per_epoch", "Epoch", "Trainer",
    ],
    "tinytorch.core.transformers": [
        "GPTConfig", "MLP", "Block", "GPT", "get_batch", "TextWindows", "text_loss", "bits_per_character",
        "decay_groups", "generate",
    ],
    "tinytorch.given.activations": [
        "leaky_relu", "silu", "softplus", "elu", "LeakyReLU", "SiLU", "Softplus", "ELU",
    ],
    "tinytorch.given.arranging": [
        "flip", "roll", "movedim", "swapaxes", "repeat_interleave", "unique", "bincount",
    ],
    "tinytorch.given.bounds": [
        "clamp", "clip", "minimum",
    ],
    "tinytorch.given.creation": [
        "tensor", "from_numpy", "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like",
        "full_like", "eye", "arange", "linspace",
    ],
    "tinytorch.given.cumulative": [
        "cumsum", "cumprod", "prod",
    ],
    "tinytorch.given.einsum": [
        "einsum",
    ],
    "tinytorch.given.elementwise": [
        "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "log1p", "expm1", "log2", "log10",
        "exp2", "rsqrt", "erf",
    ],
    "tinytorch.given.files": [
        "save", "load",
    ],
    "tinytorch.given.functions": [
        "sum", "mean", "exp", "log", "sqrt", "reciprocal", "abs", "absolute", "neg", "negative", "pow",
        "square", "add", "sub", "subtract", "mul", "multiply", "matmul", "mm", "bmm", "mv", "dot", "outer",
        "lt", "le", "gt", "ge", "eq", "ne", "reshape", "flatten", "squeeze", "unsqueeze", "permute",
        "transpose", "t", "clone", "numel", "is_tensor", "is_floating_point",
    ],
    "tinytorch.given.joining": [
        "cat", "concat", "concatenate", "stack", "hstack", "vstack", "split", "unbind", "tile", "broadcast_to",
    ],
    "tinytorch.given.layers": [
        "Identity", "ModuleList",
    ],
    "tinytorch.given.logic": [
        "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor",
        "bitwise_not", "isnan", "isinf", "isfinite", "isclose", "allclose", "equal", "all", "any",
    ],
    "tinytorch.given.losses": [
        "nll_loss", "l1_loss", "smooth_l1_loss", "NLLLoss", "L1Loss", "SmoothL1Loss",
    ],
    "tinytorch.given.ordering": [
        "max", "min", "argmax", "argmin", "amax", "amin", "sort", "argsort", "topk", "median",
    ],
    "tinytorch.given.padding": [
        "pad", "one_hot",
    ],
    "tinytorch.given.random": [
        "Generator", "rand", "randn", "randint", "randperm", "normal", "rand_like", "randn_like", "bernoulli",
        "multinomial",
    ],
    "tinytorch.given.recording": [
        "is_grad_enabled", "inference_mode", "enable_grad",
    ],
    "tinytorch.given.rounding": [
        "sign", "floor", "ceil", "trunc", "round", "div", "divide", "true_divide", "floor_divide", "remainder",
    ],
    "tinytorch.given.selecting": [
        "masked_fill", "masked_select", "tril", "triu", "gather", "take_along_dim", "scatter_add",
        "index_select", "nonzero",
    ],
    "tinytorch.given.states": [
        "from_torch",
    ],
    "tinytorch.given.statistics": [
        "var", "std", "var_mean", "std_mean", "norm", "logsumexp",
    ],
    "tinytorch.given.types": [
        "float16", "half", "bfloat16", "float32", "float", "float64", "double", "uint8", "int8", "int16",
        "short", "int32", "int", "int64", "long", "bool", "device", "inf", "nan", "pi",
    ],
    "tinytorch.optimization.acceleration": [
        "vectorized_matmul", "unfused_gelu", "fused_gelu", "MixedPrecisionTrainer",
        "analyze_vectorization_scaling", "analyze_arithmetic_intensity", "analyze_mixed_precision_benefits",
        "technique_score", "analyze_acceleration_decision_framework",
    ],
    "tinytorch.optimization.compilation": [
        "FusionError", "fuse", "measure_benefits",
    ],
    "tinytorch.optimization.kernels": [
        "fused_cross_entropy",
    ],
    "tinytorch.optimization.memoization": [
        "KVCache", "prefill", "decode_step", "generate_cached",
    ],
    "tinytorch.optimization.precision": [
        "autocast_type", "autocast", "is_autocast_enabled", "training_bytes", "unscale", "next_scale",
        "GradScaler",
    ],
    "tinytorch.profiling.profiler": [
        "Shape", "Latency", "measure", "Operation", "Trace", "Total", "saved_bytes", "Profiler",
    ],
    "tinytorch.profiling.roofline": [
        "FlopRule", "FLOPS", "matmul_flops", "linear_flops", "flop_rule", "per_input", "per_output",
        "CountingTrace", "count_flops", "elementwise_intensity", "matmul_intensity", "attainable",
        "best_seconds", "compute_peak", "triad", "measure_peaks", "roofline_row", "model_rows",
    ],
    "tinytorch.support.checkpoint": [
        "read_checkpoint", "write_checkpoint",
    ],
    "tinytorch.support.chrome_trace": [
        "write_chrome_trace",
    ],
    "tinytorch.support.data": [
        "dataset", "load_digits", "load_digits20", "load_shakespeare",
    ],
    "tinytorch.support.decisions": [
        "TECHNIQUES", "WORKLOADS", "Technique", "Workload",
    ],
    "tinytorch.support.dtypes": [
        "as_dtype",
    ],
    "tinytorch.support.memory": [
        "peak_bytes",
    ],
    "tinytorch.support.models": [
        "Model", "parameters_of",
    ],
    "tinytorch.support.peaks": [
        "Peaks",
    ],
    "tinytorch.support.roof": [
        "Roof",
    ],
    "tinytorch.support.roofline": [
        "RooflineRow", "plot_bandwidth", "plot_roofline", "write_roofline",
    ],
    "tinytorch.support.threads": [
        "get_num_threads", "one_thread", "set_num_threads",
    ],
}
_NOT_BUILT = []
_PARTS = [
    "core", "cuda", "given", "nn", "optim", "optimization", "profiling", "support", "utils",
]

_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [name for name, module in _MODULE_OF.items() if module not in _NOT_BUILT and name not in vars(builtins)]


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    if name in _PARTS:
        return import_module(f"tinytorch.{name}")
    raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PARTS})
