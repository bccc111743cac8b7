"""Twenty steps of training: NumPy optimisers beside the reference, and mistakes named where they happen."""

import os

import numpy as np
import pytest
from support import record_of

from compat import layers
from compat.case import files as case_files
from compat.judge.verdicts import judge

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = case_files.select(
    case_files.find([os.path.join(ROOT, "cases", "training", "training_parity.py")]), []
)
TENSORS = ("loss", "w1_gradient", "w1", "b1_gradient", "b1", "w2_gradient", "w2", "b2_gradient", "b2")


def trained(name):
    sample = SAMPLES[name if "[" in name else f"training_steps[{name}]"]
    return sample.operation.implementations["numpy"](np, *sample.arrays().values(), **sample.parameters)


def verdict_on(name, tensors):
    record = record_of(tensors, name=None)
    sample = SAMPLES[name if "[" in name else f"training_steps[{name}]"]
    return judge(record, sample.refer(), tensors.__getitem__)


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_numpy_optimisers_agree(sample):
    tensors = trained(sample)
    assert tuple(tensors) == TENSORS
    assert all(len(tensor) == 20 for tensor in tensors.values())
    assert tensors["loss"][-1] < tensors["loss"][0]
    verdict = verdict_on(sample, tensors)
    assert verdict.word == "agrees", verdict.message


@pytest.mark.parametrize(
    ("optimiser", "setting", "value", "sample"),
    [
        (layers.Adam, "epsilon", 0.1001, "adam-epsilon-hat"),
        (layers.Adam, "beta2", 0.9991, "adam-agreeing"),
        (layers.Adam, "beta1", 0.9001, "adam-agreeing"),
        (layers.RMSProp, "decay", 0.9001, "rmsprop-defaults"),
        (layers.Momentum, "momentum", 0.9001, "momentum"),
        (layers.GradientDescent, "learning_rate", 0.5001, "sgd"),
    ],
)
def test_a_wrong_setting_is_caught_at_the_first_weight(monkeypatch, optimiser, setting, value, sample):
    right = optimiser.__init__

    def wrong(self, *arguments, **settings):
        right(self, *arguments, **settings)
        setattr(self, setting, value)

    monkeypatch.setattr(optimiser, "__init__", wrong)
    if setting == "learning_rate":  # the case sets the rate of every step
        monkeypatch.setattr(
            optimiser, "update", lambda self, w, gradient: w.__isub__(np.float32(value) * gradient)
        )
    verdict = verdict_on(sample, trained(sample))
    assert verdict.word == "differs"
    assert verdict.message.startswith("first differs at w1:"), verdict.message


def test_the_epsilon_of_the_paper_is_not_the_hat(monkeypatch):
    """Without the hat the root of v is corrected before epsilon is added."""

    def update(self, value, gradient, m, v):
        m += (gradient - m) * np.float32(1 - self.beta1)
        v += (np.square(gradient) - v) * np.float32(1 - self.beta2)
        mean, square = m / (1 - self.beta1**self.steps), v / (1 - self.beta2**self.steps)
        value -= (self.learning_rate * mean / (np.sqrt(square) + self.epsilon)).astype(np.float32)

    monkeypatch.setattr(layers.Adam, "update", update)
    verdict = verdict_on("adam-epsilon-hat", trained("adam-epsilon-hat"))
    assert verdict.message.startswith("first differs at w1:"), verdict.message


@pytest.mark.parametrize("tensor", ["w2_gradient", "b1", "loss"])
def test_one_wrong_step_of_twenty_is_named(tensor):
    tensors = trained("momentum")
    tensors[tensor] = tensors[tensor].copy()
    tensors[tensor].reshape(20, -1)[13, 0] *= np.float32(1.001)
    verdict = verdict_on("momentum", tensors)
    assert verdict.word == "differs"
    assert f"{tensor}" in verdict.message


def test_a_missing_mean_over_the_batch_is_a_gradient_of_another_size():
    tensors = trained("sgd")
    tensors["w1_gradient"] = tensors["w1_gradient"] * np.float32(32)
    assert verdict_on("sgd", tensors).message.startswith("first differs at w1_gradient:")
