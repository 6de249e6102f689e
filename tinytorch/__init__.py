"""TinyTorch: a deep-learning library built lesson by lesson.

Every exported name can be taken from here, as in `from tinytorch import Tensor`; its module is imported when the
name is first used. A name whose lesson is not complete raises an ImportError that says which lesson to complete.
"""

# Written by tito from the lessons in modules/; do not edit.

from importlib import import_module

__version__ = "0.1.0"

_EXPORTS = {
    "tinytorch.core.activations": [
        "relu", "sigmoid", "tanh", "gelu", "softmax", "log_softmax", "ReLU", "Sigmoid", "Tanh", "GELU",
        "Softmax", "LogSoftmax",
    ],
    "tinytorch.core.autograd": [
        "RULES", "numerical_gradient", "gradient_rule", "joint_rule", "mul_to_a", "div_to_b", "pow_to_a",
        "pow_to_b", "tanh_rule", "sqrt_rule", "sigmoid_rule", "maximum_rule", "masked", "with_axes",
        "sum_rule", "mean_rule", "extreme_rule", "getitem_rule", "product_to_a", "product_to_b",
        "softmax_rule", "log_softmax_rule", "unbroadcast", "pull_back", "nodes_in_order", "release",
        "accumulate", "own", "starting_gradient", "refuse_released", "backward", "check_gradients",
    ],
    "tinytorch.core.layers": [
        "Module", "generator", "manual_seed", "linear", "Linear", "Dropout", "layer_norm", "LayerNorm",
        "Sequential",
    ],
    "tinytorch.core.losses": [
        "mse_loss", "bce_with_logits", "cross_entropy", "MSELoss", "BCEWithLogitsLoss", "CrossEntropyLoss",
    ],
    "tinytorch.core.optimizers": [
        "Optimizer", "SGD", "Adam", "AdamW",
    ],
    "tinytorch.core.tensor": [
        "Tensor", "as_tensor", "Primitive", "is_recording", "no_grad", "Layer", "apply", "maximum", "where",
    ],
    "tinytorch.core.training": [
        "CHECKPOINT_FORMAT", "load_digits", "stratified_split", "batch_indices", "example_arrays", "batches",
        "accuracy", "Score", "combine", "evaluating", "evaluate", "accumulate_gradients", "clip_grad_norm",
        "cosine_lr", "CosineSchedule", "TrainingStep", "Epoch", "in_words", "progress_report", "rich_bar",
        "updates_per_epoch", "epoch_batches", "count_updates", "grouped", "TrainingEpoch", "Checkpoints",
        "Trainer", "training_state", "restore_training", "pack", "unpack", "write_checkpoint",
        "read_checkpoint",
    ],
    "tinytorch.optimization.acceleration": [
        "VECTORIZED_MATMUL", "FUSED_GELU", "MODEL_SIZES", "WORKLOADS", "TECHNIQUES", "common_batch",
        "column_times_row", "matrix_product", "vectorized_matmul", "unfused_gelu", "fused_gelu", "depends_on",
        "pair_of", "require_gradients", "MixedPrecisionTrainer", "ScalingRow",
        "analyze_vectorization_scaling", "check_together", "analyze_arithmetic_intensity", "MemoryRow",
        "memory_rows", "measured_bytes", "analyze_mixed_precision_benefits", "Workload", "Technique",
        "technique_score", "DecisionRow", "recommendation", "analyze_acceleration_decision_framework",
    ],
    "tinytorch.optimization.compilation": [
        "CODE", "FUSED", "FusionError", "Symbol", "symbol", "emit", "captured", "simplified", "computed",
        "Recorder", "record", "in_order", "expression_gradients", "place_of", "grid_of", "factors_in",
        "written", "kernel_source", "compile_kernel", "Kernel", "of_one_type", "outside", "fuse",
        "operations_in", "BenefitRow", "in_a_word", "benefit_row", "compare", "measure_benefits",
        "measured_techniques",
    ],
    "tinytorch.optimization.kernels": [
        "FUSED_CROSS_ENTROPY", "fused_cross_entropy",
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
        "operation_flops", "footprint", "traffic", "CountedOperation", "forward_counts", "backward_counts",
        "CountedTotal", "counted_total", "CountingTrace", "count_flops", "roof_fraction", "attainable",
        "elementwise_intensity", "matmul_intensity", "best_seconds", "compute_peak", "triad", "measure_peaks",
        "RooflineRow", "under_roof", "roofline_row", "model_rows",
    ],
}
_NOT_BUILT = []

_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [name for name, module in _MODULE_OF.items() if module not in _NOT_BUILT]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
