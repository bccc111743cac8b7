"""What a reference calls is explained however a case holds the rule; and what a rule is."""

import functools
import inspect
import threading

import numpy as np
import pytest

from compat import layers, operation, reference
from compat.explain import Target, explain, first_wrong_step
from compat.reference import conv2d_bias
from compat.reference.calls import RULES, Call, changing, rule

RANDOM = np.random.RandomState(4)


def noise(*shape):
    return RANDOM.uniform(-1, 1, shape).astype(np.float32)


X, W, B = noise(2, 7, 7, 3), noise(3, 3, 3, 4), noise(4)
#: As a case file holds them that says so once, at its top.
conv = reference.conv2d_bias
same_conv = functools.partial(reference.conv2d_bias, padding="SAME")
by_strides = {1: reference.conv2d_bias}


def flipped():
    return layers.conv2d(X, W[::-1, ::-1], bias=B, padding="SAME")


def target_of(function, result, inputs=(X, W, B)):
    return Target(
        operation("held", reference=function), list(inputs), {}, {"y": (result, "float32")}, "float32"
    )


def causes(function, result, inputs=(X, W, B)):
    return [found.names for found in explain(target_of(function, result, inputs), seconds=0)]


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w, b: reference.conv2d_bias(x, w, b, padding="SAME"),
        lambda x, w, b: conv(x, w, b, padding="SAME"),
        lambda x, w, b: conv2d_bias(x, w, b, padding="SAME"),
        lambda x, w, b: by_strides[1](x, w, b, padding="SAME"),
        lambda x, w, b: same_conv(x, w, b),
        lambda x, w, b, rule=reference.conv2d_bias: {"y": rule(x, w, b, padding="SAME")},
        same_conv,
        functools.partial(functools.partial(conv2d_bias, strides=1), padding="SAME"),
    ],
    ids=[
        "late",
        "alias",
        "imported",
        "table",
        "partial-called",
        "default",
        "partial",
        "partial-of-a-partial",
    ],
)
def test_a_rule_is_explained_however_it_is_held(function):
    assert causes(function, flipped())[0] == ("flipped kernel",)


def test_a_step_of_a_network_that_holds_its_rule_and_shows_a_part_of_it():
    network = reference.Network(X)
    network.step("conv", functools.partial(conv, w=W, b=B, padding="SAME"))
    network.step("pool", functools.partial(reference.max_pool2d, ksize=2, strides=2), shown=lambda y: y[:1])
    pooled = layers.avg_pool2d(network["conv"].value.astype(np.float32), 2, 2)[:1]
    results = {"conv": (network["conv"].value.astype(np.float32), "float32"), "pool": (pooled, "float32")}
    name, target = first_wrong_step(network, results, "float32")
    assert name == "pool" and explain(target)[0].names == ("mean for maximum",)


def test_no_module_is_changed_while_a_reference_is_explained():
    seen, before = [], dict(vars(reference))

    def watching(x, w, b):
        seen.append({name for name, value in vars(reference).items() if value is not before.get(name)})
        return conv(x, w, b, padding="SAME")

    assert causes(watching, flipped())[0] == ("flipped kernel",)
    assert len(seen) > 50 and not set().union(*seen)


# -- rules


def calls_of(function, *arguments):
    seen = []
    with changing(lambda call: seen.append(call) or call):
        answer = function(*arguments)
    return seen, answer


def test_the_functions_of_reference_are_rules_and_so_are_the_steps_of_training():
    functions = {name for name in reference.__all__ if inspect.isfunction(getattr(reference, name))}
    # Two numbers of pixels are no answer of an operation.
    functions.remove("same_padding")
    assert set(RULES) == functions | {"conv_dense_step", "weights_after"}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_keeps_its_name_and_its_signature(name):
    function = getattr(reference, name, None) or getattr(reference.training, name)
    assert function.__name__ == name and function.__module__.startswith("compat.reference.")
    assert inspect.signature(function) == RULES[name].signature
    assert function.__doc__ == RULES[name].answer.__doc__


def test_a_call_has_its_arguments_by_name_defaults_and_settings_included():
    (call,), answer = calls_of(conv, X, W, B)
    assert call.rule == "conv2d_bias" and list(call.arguments) == [
        "x",
        "w",
        "b",
        "strides",
        "padding",
        "dilations",
    ]
    assert call["strides"] == 1 and call["padding"] == "VALID"
    np.testing.assert_array_equal(answer.value, call.answer().value)
    weights = np.zeros((2, 3)), np.ones((2, 3))
    (call,), _ = calls_of(lambda: reference.training.weights_after(*weights, "momentum", 0.1, momentum=0.9))
    assert call["momentum"] == 0.9 and call["decay"] == 0.0 and "settings" not in call


def test_what_a_rule_calls_is_a_part_of_it():
    assert [call.rule for call in calls_of(conv, X, W, B)[0]] == ["conv2d_bias"]
    with_a_call = lambda x: reference.rearranged(x, lambda array: reference.relu(array).value)
    assert [call.rule for call in calls_of(with_a_call, X)[0]] == ["rearranged"]
    one_after_another = lambda x: reference.scaled(reference.tanh(x), 2.0)
    assert [call.rule for call in calls_of(one_after_another, X)[0]] == ["tanh", "scaled"]


def test_what_a_change_calls_is_not_changed():
    seen = []

    def change(call):
        seen.append(call.rule)
        return reference.scaled(call.answer(), 3.0)

    with changing(change):
        answer = reference.relu(X)
    np.testing.assert_allclose(answer.value, 3.0 * np.maximum(X, 0))
    assert seen == ["relu"]


def test_a_rule_in_vain_is_refused_and_the_next_is_still_seen():
    with changing(lambda call: call.but(x=X[0])):
        with pytest.raises(IndexError):
            conv(X, W, B)
        assert reference.relu(X).value.shape == X[0].shape
    assert reference.relu(X).value.shape == X.shape


def test_another_thread_computes_what_it_is_asked_to():
    answers = []
    with changing(lambda call: call.but(x=-call["x"])):
        thread = threading.Thread(target=lambda: answers.append(reference.relu(X).value))
        thread.start()
        thread.join()
        np.testing.assert_array_equal(reference.relu(X).value, np.maximum(-X, 0))
    np.testing.assert_array_equal(answers[0], np.maximum(X, 0))


def test_a_call_of_another_rule_takes_the_arguments_that_it_knows():
    call = Call("avg_pool2d", {"x": X, "ksize": 2, "strides": 2, "padding": "SAME"})
    assert "epsilon" not in call.but("max_pool2d", epsilon=1.0)
    assert call.but("max_pool2d").answer().value.max() == X.max()


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two rules are called relu"):

        @rule
        def relu(x):
            return x
