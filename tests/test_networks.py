"""Networks, judged layer by layer: rounding passes, and a fault is named at the layer that has it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import record_of

from compat import layers, reference
from compat.judge.verdicts import as_golden, judge

RANDOM = np.random.RandomState(5)


def weights(*shape):
    limit = np.sqrt(6 / np.prod(shape[:-1]))
    return RANDOM.uniform(-limit, limit, shape).astype(np.float32)


X = RANDOM.uniform(0, 1, (3, 9, 8, 2)).astype(np.float32)
W = {"conv1": weights(3, 3, 2, 4), "conv2": weights(3, 3, 4, 4), "conv3": weights(3, 3, 4, 4)}
W.update(dense1=weights(4 * 4 * 4, 16), dense2=weights(16, 5))
B = {name: RANDOM.uniform(-0.1, 0.1, w.shape[-1:]).astype(np.float32) for name, w in W.items()}
MEAN, VARIANCE, BETA, GAMMA = (RANDOM.uniform(0.1, 0.5, 4).astype(np.float32) for _ in range(4))
EPSILON, LRN = 1e-3, {"depth_radius": 1, "bias": 1.0, "alpha": 0.1, "beta": 0.75}
POOL = {"ksize": 2, "strides": 2, "padding": "SAME"}


def refer():
    network = reference.Network(X)
    for name in ("conv1", "conv2", "conv3"):
        network.step(
            name, lambda x, name=name: reference.conv2d_bias(x, W[name], B[name], strides=1, padding="SAME")
        )
        network.step("relu" + name[-1], reference.relu)
    network.step("norm", lambda x: reference.batch_norm(x, MEAN, VARIANCE, BETA, GAMMA, epsilon=EPSILON))
    network.step("pool", lambda x: reference.max_pool2d(x, **POOL))
    network.step("lrn", lambda x: reference.lrn(x, **LRN))
    network.step("mean", lambda x: reference.avg_pool2d(x, ksize=2, strides=1, padding="SAME"))
    network.step("flat", lambda x: reference.rearranged(x, lambda a: a[:, :4, :4].reshape(len(a), -1)))
    network.step("dense1", lambda x: reference.dense(x, W["dense1"], B["dense1"]))
    network.step("tanh", reference.tanh)
    network.step("dropout", lambda x: reference.scaled(x, 1.0))
    network.step("dense2", lambda x: reference.dense(x, W["dense2"], B["dense2"]))
    network.step("softmax", reference.softmax)
    return network


def compute(w=W, b=B, epsilon=EPSILON, rate=0.0, training=False, sums=None, dtype=np.float32):
    """The network in NumPy; ``sums``: (seed) to take every product's sum in an order of its own."""
    order = np.random.RandomState(sums) if sums is not None else None
    tensors, x = {}, X.astype(dtype)

    def convolve(x, name):
        if order is None:
            return layers.conv2d(x, w[name].astype(dtype), padding="SAME", bias=b[name].astype(dtype))
        channels = order.permutation(x.shape[3])
        parts = [
            layers.conv2d(x[..., [c]], w[name][:, :, [c]].astype(dtype), padding="SAME") for c in channels
        ]
        return sum(parts[1:], parts[0]) + b[name].astype(dtype)

    def dense(x, name):
        units = np.arange(x.shape[1]) if order is None else order.permutation(x.shape[1])
        return layers.dense(x[:, units], w[name][units].astype(dtype), b[name].astype(dtype))

    for name in ("conv1", "conv2", "conv3"):
        x = tensors[name] = convolve(x, name)
        x = tensors["relu" + name[-1]] = layers.relu(x)
    moments = layers.moments(x) if training else (MEAN, VARIANCE)
    x = tensors["norm"] = layers.batch_norm(x, *moments, BETA, GAMMA, epsilon).astype(dtype)
    x = tensors["pool"] = layers.max_pool2d(x, 2, strides=2, padding="SAME")
    x = tensors["lrn"] = layers.lrn(x, *LRN.values())
    x = tensors["mean"] = layers.avg_pool2d(x, 2, strides=1, padding="SAME")
    x = tensors["flat"] = x[:, :4, :4].reshape(len(x), -1)
    x = tensors["dense1"] = dense(x, "dense1")
    x = tensors["tanh"] = np.tanh(x)
    if rate:
        x = layers.dropout(x, rate, mask=np.random.RandomState(1).uniform(size=x.shape) > rate)
    tensors["dropout"] = x
    x = tensors["dense2"] = dense(x, "dense2")
    tensors["softmax"] = layers.softmax(x)
    return tensors


def verdict_on(tensors, answers=None):
    record = record_of(tensors, name=None)
    return judge(record, refer() if answers is None else answers, tensors.__getitem__)


NETWORK = refer()


def test_the_network_agrees_with_every_step():
    verdict = verdict_on(compute(), NETWORK)
    assert verdict.word == "agrees", verdict.message
    assert list(verdict.outputs) == list(NETWORK)
    assert all(numbers.own.word == "agrees" for numbers in verdict.outputs.values())
    shares = [numbers.share for numbers in verdict.outputs.values()]
    assert 0 < max(shares) < 0.6  # an allowance that nothing uses would see nothing


@settings(max_examples=60)
@given(st.integers(0, 2**31))
def test_no_order_of_the_sums_is_flagged(seed):
    verdict = verdict_on(compute(sums=seed), NETWORK)
    assert verdict.word == "agrees", verdict.message


def test_double_precision_rounded_at_the_end_is_not_flagged():
    exact = compute(dtype=np.float64)
    rounded = {name: array.astype(np.float32) for name, array in exact.items()}
    for name, array in rounded.items():
        assert np.all(abs(array - NETWORK[name].value) <= NETWORK[name].worst("float32")), name


def changed(table, name, change):
    return dict(table, **{name: change(table[name].copy())})


def nchw_kernel(w):
    """The rows of a kernel whose network flattened (channels, rows, columns)."""
    return w.reshape(4, 4, 4, -1).transpose(2, 0, 1, 3).reshape(w.shape)


def nudged(w, share):
    w[1, 1, 0, 2] *= np.float32(1 + share)
    return w


FAULTS = {
    "a wrong epsilon": ("norm", {"epsilon": 1e-5}),
    "a missing training flag": ("norm", {"training": True}),
    "dropout that stayed on": ("dropout", {"rate": 0.25}),
    "a dense kernel of NCHW": ("dense1", {"w": changed(W, "dense1", nchw_kernel)}),
    "two kernels of one shape swapped": ("conv2", {"w": dict(W, conv2=W["conv3"], conv3=W["conv2"])}),
    "two biases of one shape swapped": ("conv1", {"b": dict(B, conv1=B["conv2"], conv2=B["conv1"])}),
    "a flipped kernel": ("conv3", {"w": changed(W, "conv3", lambda w: w[::-1, ::-1])}),
    "a forgotten bias": ("dense2", {"b": changed(B, "dense2", np.zeros_like)}),
    "a kernel in half precision": (
        "conv2",
        {"w": changed(W, "conv2", lambda w: w.astype(np.float16).astype(np.float32))},
    ),
    "one tap off by a thousandth": ("conv1", {"w": changed(W, "conv1", lambda w: nudged(w, 1e-3))}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_at_its_layer(fault):
    layer, settings_ = FAULTS[fault]
    verdict = verdict_on(compute(**settings_), NETWORK)
    assert verdict.word == "differs"
    assert verdict.message.startswith(f"first differs at {layer}: "), verdict.message
    # What follows is right by itself: an early difference hides no later one, and makes none.
    others = "swapped" in fault
    for name, numbers in verdict.outputs.items():
        if name != layer and not others:
            assert numbers.own.word == "agrees", name
    if others:
        assert "wrong by themselves as well: conv" in verdict.message


def test_a_fault_is_no_better_for_being_the_golden():
    faulty, right = compute(epsilon=1e-5), compute()
    for tensors, word in ((faulty, "differs"), (right, "identical")):
        record = record_of(tensors, name=None)
        verdict = judge(record, NETWORK, tensors.__getitem__)
        assert as_golden(verdict, record, {name: name for name in tensors}).word == word


def test_of_two_faults_both_are_named():
    verdict = verdict_on(compute(epsilon=1e-5, b=changed(B, "dense2", np.zeros_like)), NETWORK)
    assert verdict.message.startswith("first differs at norm: ")
    assert verdict.message.endswith("; wrong by themselves as well: dense2")


def test_tensors_that_are_not_numbers_are_named_where_they_begin():
    tensors = compute()
    tensors["norm"] = tensors["norm"].copy()
    tensors["norm"][0, 0, 0, 0] = np.nan
    for name in list(tensors)[list(tensors).index("pool") :]:
        tensors[name] = tensors[name] + np.float32(np.nan)
    verdict = verdict_on(tensors, NETWORK)
    assert verdict.word == "differs" and verdict.message.startswith("first differs at norm: ")


def test_another_shape_is_named():
    tensors = compute()
    tensors["pool"] = tensors["pool"][:, :-1]
    verdict = verdict_on(tensors, NETWORK)
    assert verdict.word == "differs" and "pool" in verdict.message and "shape" in verdict.message


def test_steps_follow_from_what_was_recorded():
    def refer_steps():
        steps = reference.Steps()
        steps.step("twice", lambda s: reference.Reference(2 * s), "start", value=np.full(3, 2.0))
        return steps.step("start", lambda: reference.Within(0, 10, (3,)), value=np.ones(3))

    start = np.float32([1, 2, 3])
    assert verdict_on({"start": start, "twice": 2 * start}, refer_steps()).word == "agrees"
    verdict = verdict_on({"start": start, "twice": 2 * start + np.float32(1e-6)}, refer_steps())
    assert verdict.word == "differs" and verdict.message.startswith("first differs at twice: ")
    assert verdict_on({"start": start + 10, "twice": 2 * start + 20}, refer_steps()).word == "differs"
    short = verdict_on({"start": start[:2], "twice": 2 * start}, refer_steps())
    assert short.word == "differs" and "another shape" in short.outputs["twice"].message
