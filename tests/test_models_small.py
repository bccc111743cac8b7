"""The networks: the shapes and counts of their sources, and the NumPy dialect beside them."""

import os

import numpy as np
import pytest
from support import record_of

from compat.case import files as case_files
from compat.judge.verdicts import judge

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILES = ("digits", "mnist", "lenet5", "cats_dogs", "alexnet", "layer_tour")
PATHS = [os.path.join(ROOT, "cases", "models", name + ".py") for name in FILES]
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
    "cats_dogs[f3]": {
        "block1": (89, 89, 32),
        "block2": (43, 43, 64),
        "block3": (20, 20, 128),
        "block4": (9, 9, 256),
        "block5": (7, 7, 256),
        "flat": (12544,),
        "sigmoid": (1,),
    },
    "alexnet[f5]": {
        "conv1": (55, 55, 96),
        "pool1": (27, 27, 96),
        "conv2": (27, 27, 256),
        "pool2": (13, 13, 256),
        "conv3": (13, 13, 384),
        "conv4": (13, 13, 384),
        "conv5": (13, 13, 256),
        "pool5": (6, 6, 256),
        "flat": (9216,),
        "fc6": (4096,),
        "fc7": (4096,),
        "softmax": (1000,),
    },
    "layer_tour[f7]": {
        "conv": (28, 28, 3),
        "pool": (14, 14, 3),
        "flat": (588,),
        "dense_relu": (32,),
    },
}
COUNTS = {"digits_network[f1]": 21386, "mnist_network[f2]": 3156098, "lenet5[f4]": 60000}
COUNTS.update({"cats_dogs[f3]": 991041, "alexnet[f5]": 60965224, "layer_tour[f7]": 18878})


def verdict_on(sample, **swapped):
    arrays = sample.arrays()
    arrays.update({name: arrays[other] for name, other in swapped.items()})
    tensors = sample.operation.implementations["numpy"](np, *arrays.values(), **sample.parameters)
    record = record_of(tensors, name=None)
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


def vgg16():
    return case_files.select(case_files.find([os.path.join(ROOT, "cases", "models", "vgg16.py")]), [])[
        "vgg16[f6]"
    ]


def test_vgg16_has_the_parameters_of_the_paper():
    """By the shapes: the arrays would be 553 MB."""
    shapes = list(vgg16().operation.reference.__globals__["_shapes"]())
    assert sum(int(np.prod(shape)) + shape[-1] for shape in shapes) == 138357544
    assert len(shapes) == 16
    assert vgg16().slow


def test_the_effective_receptive_field_is_a_bell_inside_the_theoretical_one():
    """Luo and others 2016: even filters give a bell whose deviation is sqrt(depth * 2 / 3) pixels."""
    path = os.path.join(ROOT, "cases", "models", "receptive_field.py")
    fields = case_files.select(case_files.find([path]), [])
    for depth in (3, 15):
        gradient = fields[f"receptive_field[uniform-{depth}]"].refer()["gradient"].value[0, :, :, 0]
        rows = np.flatnonzero(gradient.any(axis=1))
        assert len(rows) == 2 * depth + 1
        profile = gradient.sum(axis=1)
        assert np.all(np.diff(profile[:17]) >= 0) and np.all(np.diff(profile[16:]) <= 0)
        places = np.arange(33) - 16
        np.testing.assert_allclose((profile * places**2).sum() / profile.sum(), depth * 2 / 3, rtol=1e-6)
        # Two deviations hold 95 % of a bell: of the theoretical field of 31 pixels they take 13.
        assert 4 * np.sqrt(depth * 2 / 3) < 2 * depth + 1
