"""What arguments are called, and what each may be: the words of Keras and TensorFlow beside those of a graph."""

from typing import Any, Dict, List, Sequence

#: Arguments that are true or false.
BOOLEANS = (
    *("use_bias", "center", "scale", "keepdims", "keep_dims", "reset_after", "go_backwards", "return_sequences"),
    *("approximate", "from_logits", "training", "align_corners", "half_pixel_centers", "antialias"),
    *("transpose_a", "transpose_b", "unit_forget_bias", "stateful", "add_bias", "relu", "bias", "exclusive"),
    *("reverse", "is_training", "mask_zero", "bn", "norm", "use_bn"),
)  # fmt: skip
_PADDINGS = ["same", "valid"]
_ACTIVATIONS = ["relu", None, "tanh", "sigmoid", "softmax", "relu6", "elu", "leaky_relu", "gelu", "softplus"]
#: The usual words and numbers of other arguments.
USUAL: Dict[str, List[Any]] = {
    "padding": _PADDINGS,
    "pad": _PADDINGS,
    "mode": ["reflect", "symmetric", "constant"],
    "interpolation": ["nearest", "bilinear", "bicubic"],
    "method": ["nearest", "bilinear", "bicubic"],
    "recurrent_activation": ["sigmoid", "hard_sigmoid"],
    "reduction": ["sum", "mean", "sum_over_batch_size", "none"],
    "data_format": ["channels_last", "channels_first"],
    "epsilon": [1e-3, 1e-5, 1e-6, 1e-12, 1e-7, 1e-8, 1e-4],
    "alpha": [0.2, 0.3, 0.01, 0.1],
    "axis": [-1, 1, 0, 2, 3, -2],
    "strides": [1, 2],
    "dilations": [1, 2],
    "order": [],
    "activation": _ACTIVATIONS,
}
#: Other names of the same.
SAME = {
    **dict.fromkeys(("variance_epsilon", "eps", "e"), "epsilon"),
    **dict.fromkeys(("negative_slope", "slope", "leak"), "alpha"),
    **dict.fromkeys(("stride", "subsample"), "strides"),
    **dict.fromkeys(("dilation_rate", "dilation", "rates"), "dilations"),
    **dict.fromkeys(("pool_size", "kernel_size", "pool"), "ksize"),
    **dict.fromkeys(("act", "activation_fn", "nonlinearity", "non_linearity"), "activation"),
    **dict.fromkeys(("dim", "concat_dim", "reduction_indices", "axes"), "axis"),
    **dict.fromkeys(("decay",), "momentum"),
    **dict.fromkeys(("keep_prob", "dropout", "drop"), "rate"),
}
#: Of an activation's op the word of it.
WORDS = {
    "Relu": "relu", "Relu6": "relu6", "Elu": "elu", "Selu": "selu", "Tanh": "tanh", "Sigmoid": "sigmoid",
    "Softmax": "softmax", "Softplus": "softplus", "Softsign": "softsign", "LeakyRelu": "leaky_relu", "Erf": "gelu",
    "LogSoftmax": "log_softmax",
}  # fmt: skip
#: Layers and functions of one kind, by what the op of each is called.
_SWAPS: List[Dict[str, Sequence[str]]] = [
    {"MaxPool": ("MaxPooling", "MaxPool", "max_pooling", "max_pool"),
     "AvgPool": ("AveragePooling", "AvgPool", "average_pooling", "avg_pool")},
    {"Max": ("GlobalMaxPooling", "GlobalMaxPool", "reduce_max", "amax", "max"),
     "Mean": ("GlobalAveragePooling", "GlobalAvgPool", "reduce_mean", "average", "mean")},
    {"Sum": ("reduce_sum", "sum"), "Mean": ("reduce_mean", "mean"), "Max": ("reduce_max", "max"),
     "Min": ("reduce_min", "min"), "Prod": ("reduce_prod", "prod")},
    {"Maximum": ("maximum", "Maximum"), "Minimum": ("minimum", "Minimum")},
    {"Add": ("Add", "add"), "Sub": ("Subtract", "subtract"), "Mul": ("Multiply", "multiply"),
     "Maximum": ("Maximum", "maximum")},
    {"ArgMax": ("argmax",), "ArgMin": ("argmin",)},
    {"Square": ("square",), "Abs": ("abs",), "Sqrt": ("sqrt",), "Rsqrt": ("rsqrt",)},
    {"ResizeBilinear": ("resize_bilinear",), "ResizeNearestNeighbor": ("resize_nearest_neighbor",),
     "ResizeBicubic": ("resize_bicubic",), "ResizeArea": ("resize_area",)},
    {word: (word,) for word in ("relu", "relu6", "elu", "selu", "tanh", "sigmoid", "softmax", "softplus", "gelu")},
    {"ReLU": ("ReLU",), "ELU": ("ELU",), "Softmax": ("Softmax",), "LeakyReLU": ("LeakyReLU",), "PReLU": ("PReLU",)},
]  # fmt: skip
#: Layers that are an activation.
LAYERS = {"relu": "ReLU()", "softmax": "Softmax()", "elu": "ELU()", "relu6": "ReLU(6.0)"}


def role(parameter: str) -> str:
    return SAME.get(parameter, parameter)


def renamed(name: str) -> List[str]:
    """Other functions of the kind of the one named."""
    found: List[str] = []
    for group in _SWAPS:
        for own in group.values():
            for number, stem in enumerate(own):
                exact = name == stem or (
                    name.startswith(stem) and name[len(stem) :] in ("1D", "2D", "3D", "1d", "2d")
                )
                if not exact:
                    continue
                ends = name[len(stem) :]
                others = [o[min(number, len(o) - 1)] + ends for o in group.values() if o is not own]
                found += [one for one in others if one not in found]
    return found


def as_written(wrong: Any) -> List[Any]:
    """How a person may have written what a graph holds: SAME as "same", strides [1, 2, 2, 1] as 2 or (2, 2)."""
    if isinstance(wrong, str):
        return [wrong, wrong.lower(), *([WORDS[wrong]] if wrong in WORDS else [])]
    if isinstance(wrong, list) and len(wrong) == 4 and all(isinstance(n, int) for n in wrong):
        inner = wrong[1:3] if wrong[0] == wrong[3] == 1 else wrong[2:]
        return [wrong, inner, tuple(inner), *([inner[0]] if inner[0] == inner[1] else [])]
    if isinstance(wrong, list) and len(wrong) == 1:
        return [wrong[0], wrong]
    if isinstance(wrong, float):
        return [float(f"{wrong:.6g}"), *([int(wrong)] if wrong == int(wrong) else [])]
    return [wrong]


def same_kind(value: Any, like: Any) -> bool:
    """Whether one literal may take the other's place."""
    numbers = (int, float)
    if isinstance(like, bool) or isinstance(value, bool):
        return isinstance(like, bool) and isinstance(value, bool)
    if isinstance(like, numbers):
        return isinstance(value, numbers)
    if isinstance(like, (list, tuple)):
        return isinstance(value, (list, tuple)) and len(value) == len(like)
    return isinstance(value, str) == isinstance(like, str)


def equal(value: Any, other: Any) -> bool:
    """The same value but for float32's rounding, and for whether it is a list or a tuple."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, (int, float)) and isinstance(other, (int, float)):
        return bool(abs(value - other) <= 1e-6 * max(abs(value), abs(other)))
    if isinstance(value, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(value) == len(other) and all(equal(a, b) for a, b in zip(value, other))
    return type(value) is type(other) and bool(value == other)
