"""Digits, MNIST and LeNet-5: the shapes and counts of their sources, and the NumPy dialect beside them."""

import os

import numpy as np
import pytest

from compat import cases as case_files
from compat.judge import judge

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATHS = [os.path.join(ROOT, "cases", "models", name + ".py") for name in ("digits", "mnist", "lenet5")]
SAMPLES = case_files.select(case_files.find(PATHS), [])

#: Of one image; activations have the shape of what they follow.
SHAPES = {
    "digits_network[f1]": {
        "conv1": (8, 8, 32),
        "pool1": (4, 4, 32),
        "conv2": (4, 4, 64),
        "pool2": (2, 2, 64),
        "flat": (256,),
        "logits": (10,),
        "softmax": (10,),
    },
    "mnist_network[f2]": {
        "conv1": (28, 28, 32),
        "pool1": (14, 14, 32),
        "conv2": (14, 14, 64),
        "pool2": (7, 7, 64),
        "dropout": (7, 7, 64),
        "flat": (3136,),
        "dense": (1000,),
        "logits": (10,),
        "softmax": (10,),
    },
    "lenet5[f4]": {
        "c1": (28, 28, 6),
        "s2": (14, 14, 6),
        "c3": (10, 10, 16),
        "s4": (5, 5, 16),
        "c5": (1, 1, 120),
        "flat": (120,),
        "f6": (84,),
        "rbf": (10,),
    },
}
COUNTS = {"digits_network[f1]": 21386, "mnist_network[f2]": 3156098, "lenet5[f4]": 60000}


def verdict_on(sample, **swapped):
    arrays = sample.arrays()
    arrays.update({name: arrays[other] for name, other in swapped.items()})
    tensors = sample.operation.implementations["numpy"](np, *arrays.values(), **sample.parameters)
    outputs = {
        name: {"digest": name, "dtype": tensor.dtype.name, "shape": list(tensor.shape)}
        for name, tensor in tensors.items()
    }
    record = {"status": "ok", "message": "", "dtype": "float32", "outputs": outputs}
    return judge(record, sample.refer(), tensors.__getitem__)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_parameters_are_those_of_the_source(name):
    network = SAMPLES[name].refer()
    count = len(SAMPLES[name].inputs["x"].array)
    for tensor, shape in SHAPES[name].items():
        assert network[tensor].value.shape == (count, *shape), tensor
    assert network["parameters"].value == COUNTS[name]
    weights = list(SAMPLES[name].arrays().items())[1:]
    assert sum(array.size for key, array in weights if key != "bitmaps") == COUNTS[name]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_numpy_dialect_agrees_but_for_the_mistake(name):
    verdict = verdict_on(SAMPLES[name])
    if name == "digits_from_nchw[as-they-are]":
        assert verdict.word == "differs"
        assert verdict.message.startswith("first differs at logits")
    else:
        assert verdict.word == "agrees", verdict.message


@pytest.mark.parametrize(
    ("one", "other", "layer"), [("s2_w", "s2_b", "s2_sums"), ("c3_b", "s4_b", "c3_sums")]
)
def test_two_weights_of_one_shape_swapped_are_named(one, other, layer):
    verdict = verdict_on(SAMPLES["lenet5[f4]"], **{one: other, other: one})
    assert verdict.word == "differs"
    assert verdict.message.startswith(f"first differs at {layer}:"), verdict.message
