"""Every trap of the suite: what the port computes there, in NumPy, and the cause that has to come first."""

import os
from fnmatch import fnmatchcase

import numpy as np
import pytest

from compat import layers, reference
from compat.case import files as case_files
from compat.explain import Target, describe, explain, first_wrong_step
from compat.judge import known
from compat.record.dialects import DIALECTS
from compat.reference import Network
from compat.scorecard.traps import words_of
from compat.scorecard.traps_by_hand import BY_HAND, CAUSES

CASES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cases")
SAMPLES = case_files.select(case_files.find([CASES]), [])


def itself(sample):
    """What the case's own NumPy spelling computes: the mistakes of the tutorials are spelled there."""
    return spelled(sample)


def spelled(sample, other=None, **changed):
    """What the NumPy spelling computes with other parameters, or that of another operation does."""
    implementation = (SAMPLES[other] if other else sample).operation.implementations["numpy"]
    return implementation(
        np, *sample.arrays().values(), **dict({} if other else sample.parameters, **changed)
    )


def float32(answers):
    """A reference's exact answers, rounded once: what a correct implementation of that gives."""
    answers = answers if isinstance(answers, dict) else {"y": answers}
    return {name: np.asarray(answer.value, np.float32) for name, answer in answers.items()}


def same(start):
    """A port of np.convolve(x, k, "same") that keeps len(x) values from ``start(k)`` on."""
    return lambda s: np.convolve(*s.arrays().values())[start(len(s.arrays()["k"])) :][: len(s.arrays()["x"])]


def norm(epsilon):
    def computed(sample):
        a = sample.arrays()
        return layers.batch_norm(a["x"], a["mean"], a["variance"], a["beta"], a["gamma"], epsilon)

    return computed


def batch_statistics(sample):
    a = sample.arrays()
    return layers.batch_norm(a["x"], *layers.moments(a["x"]), a["beta"], a["gamma"], 1e-3)


def moved(momentum):
    """The moving mean after one step; ``momentum`` is the weight of the old one."""

    def computed(sample):
        a, weight = sample.arrays(), np.float32(momentum)
        return a["mean"] * weight + layers.moments(a["x"])[0] * (1 - weight)

    return computed


def ruled(sample, rule, **settings):
    """A rule of ``compat.reference`` where NumPy has no spelling."""
    return float32(getattr(reference, rule)(*sample.arrays().values(), **settings))


def gates(rule, gate):
    return lambda sample: ruled(sample, rule, **dict(sample.parameters, gate=gate))


def as_tf1(sample):
    """A TensorFlow 1 cell's weights, i c f o, taken for Keras's."""
    x, *weights = sample.arrays().values()
    split = [np.split(w, 4, axis=-1) for w in weights]
    return float32(reference.lstm(x, *[np.concatenate([i, c, f, o], axis=-1) for i, f, c, o in split]))


#: What ``tf.train`` has where the sample gives nothing.
TF1 = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "rmsprop": {"decay_of_square": 0.9, "epsilon": 1e-10, "start": 1},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
LAYERS = ("w1", "b1", "w2", "b2")


def trained(**changed):
    """All steps of training, the optimiser's settings changed; each tensor rounded to float32."""

    def computed(sample):
        arrays, given = sample.arrays(), sample.parameters
        settings = dict(TF1[given["optimiser"]], rate=given["rate"], decay=given["decay"])
        settings.update(given["settings"])
        settings.update(changed)
        training = reference.training
        weights = {name: [arrays[name]] for name in LAYERS}
        gradients = {name: [] for name in LAYERS}
        losses = []
        for at in range(0, len(arrays["images"]), 32):
            batch = arrays["images"][at : at + 32], arrays["labels"][at : at + 32]
            flow = training.conv_dense_step(*batch, *[weights[name][-1] for name in LAYERS])
            losses.append(flow["loss"].value.astype(np.float32))
            for name in LAYERS:
                gradients[name].append(flow[name].value.astype(np.float32))
                after = training.weights_after(weights[name], gradients[name], given["optimiser"], **settings)
                weights[name].append(after.value[-1].astype(np.float32))
        tensors = {"loss": np.array(losses)}
        for name in LAYERS:
            tensors[f"{name}_gradient"] = np.array(gradients[name])
            tensors[name] = np.array(weights[name][1:])
        return tensors

    return computed


def labels_without_gradient(sample):
    return {"dlabels": np.zeros_like(sample.arrays()["labels"])}


def keras_probabilities(sample):
    x, labels = sample.arrays().values()
    clipped = np.clip(x / x.sum(axis=-1, keepdims=True), np.float32(1e-7), np.float32(1 - 1e-7))
    return -(labels * np.log(clipped)).sum(axis=-1)


def shared_ties(sample):
    x, dy = sample.arrays().values()
    k = sample.parameters["ksize"]
    answer = reference.max_pool2d_grad(
        x.transpose(0, 2, 3, 1), dy.transpose(0, 2, 3, 1), ksize=k, strides=k, ties="share"
    )["dx"]
    return {"dx": answer.value.transpose(0, 3, 1, 2).astype(np.float32)}


def seeds_apart(sample):
    kind = {"truncated_normal": "truncated_normal 0.1"}.get(sample.name, sample.name)
    answers = reference.drawn(distribution=kind, inputs=200, units=300, one_seed_repeats=False)
    return float32(answers)


def mean_of_rows(sample):
    prediction, target, weights = sample.arrays().values()
    return ((prediction - target) ** 2 * weights).sum() / np.float32(len(weights))


def correlated(sample):
    x, k = sample.arrays().values()
    return np.convolve(x, k[::-1], "valid")


def half_pixels(sample):
    settings = {"method": sample.parameters.get("method", "bilinear"), "size": sample.parameters["size"]}
    return ruled(sample, "resize", half_pixel_centers=True, **settings)


def upsampled(sample):
    size = tuple(2 * n for n in sample.arrays()["x"].shape[1:3])
    return ruled(sample, "resize", size=size, method="bilinear")


def in_float32(sample):
    """Computed in float32, whatever comes in, and left in it."""
    inputs = [np.asarray(array, np.float32) for array in sample.arrays().values()]
    return float32(sample.operation.reference(*inputs, **sample.parameters))


def gelu_with_constants(sample):
    x = sample.arrays()["x"]
    a, b = (float(np.float32(number)) for number in (np.sqrt(2 / np.pi), 0.044715))
    return x / 2 * (1 + np.tanh(a * (x + b * x**3)))


def repeated(sample):
    """Masked steps that repeat the output before, where zeros are expected."""
    inputs, given = sample.arrays().values(), sample.parameters
    if sample.operation.name == "lstm_lengths":
        state, every = (reference.lstm(*inputs, sequences=sequences) for sequences in (False, True))
        return float32({"state": state, "all": every})
    last, every = (
        reference.bidirectional(*inputs, **given, sequences=sequences) for sequences in (False, True)
    )
    return float32({"last": last, "all": every})


OUTSIDE = "RMSProp: epsilon on the other side of the root"
#: sample -> (the cause, what the port computes).
TRAPS = {
    "convolve_unflipped[a2]": ("flipped kernel", correlated),
    "same_1d[even]": ("another meaning of same", same(lambda k: k // 2)),
    "same_1d[even4]": ("another meaning of same", same(lambda k: k // 2)),
    "same_1d[longer]": ("another meaning of same", same(lambda k: (k - 1) // 2)),
    "conv2d_padded_evenly[s2]": ("padded evenly", itself),
    "conv2d_padding_ignored[same]": ("padding VALID", itself),
    "conv2d_one_kernel_for_all[three-channels]": ("one kernel for all channels", itself),
    "cast_to_uint8[beyond]": ("wrapped for clipped", itself),
    "conv2d[bfloat16-c3-k3-s1]": ("empty", lambda s: np.zeros(0, np.float32)),
    "pool_padding_ignored[k3-s2-p1]": ("padding VALID", itself),
    "pool_padding_ignored[k2-s3-p1]": ("padding VALID", itself),
    "max_pool_by_reduce_max[ties]": ("ties of a maximum", shared_ties),
    "batch_norm_default_epsilon[not-written]": ("another epsilon", norm(1e-3)),
    "batch_norm_fused_epsilon[epsilon-1e-06]": ("another epsilon", norm(1.001e-5)),
    "batch_norm_frozen[trainable-false]": ("statistics of the batch", batch_statistics),
    "batch_norm_momentum[as-it-is]": ("momentum for 1 - momentum", moved(0.1)),
    "batch_norm_training[fused]": ("Bessel's correction", lambda s: spelled(s, fused=False)),
    "batch_norm_training[fused-0.9]": ("Bessel's correction", lambda s: spelled(s, fused=False)),
    "batch_norm_update_ops[forgotten]": ("statistics never updated", moved(1.0)),
    "crossentropy[logits-unsaid]": ("logits for probabilities", keras_probabilities),
    "crossentropy[probabilities-as-logits]": ("logits for probabilities", lambda s: spelled(s, logits=True)),
    "dropout_positional[keep-0.9]": ("keep_prob for rate", lambda s: spelled(s, keep_prob=0.1)),
    "gru[hard-sigmoid]": ("hard sigmoid gates", gates("gru", "hard_sigmoid_sixth")),
    "lstm[hard-sigmoid]": ("hard sigmoid gates", gates("lstm", "hard_sigmoid_sixth")),
    "hard_sigmoid[keras-2]": ("another slope", lambda s: spelled(s, slope=1 / 6)),
    "hard_sigmoid[keras-3]": ("another slope", lambda s: spelled(s, slope=0.2)),
    "leaky_relu[not-written]": ("another slope", lambda s: spelled(s, slope=0.3)),
    "layer_norm_default[not-written]": ("another epsilon", lambda s: ruled(s, "layer_norm", epsilon=1e-3)),
    "embedding_lookup_mod[two-parts]": (
        "another strategy of parts",
        lambda s: ruled(s, "embedding_lookup", strategy="div"),
    ),
    "ctc_loss_default[not-written]": ("another blank", lambda s: ruled(s, "ctc_loss", blank_index=0)),
    "bidirectional_lstm[concat]": ("masked steps", repeated),
    "bidirectional_lstm[sum]": ("masked steps", repeated),
    "lstm_lengths[end]": ("masked steps", repeated),
    "clipped_step_of_keras[norm]": ("clipping forgotten", lambda s: spelled(s, limit=1e9)),
    "clipped_step_of_keras[value]": ("clipping forgotten", lambda s: spelled(s, limit=1e9)),
    "lrn_caffe[alpha-as-it-is]": ("LRN: alpha over the size", lambda s: spelled(s, alpha=5 * 1e-2)),
    "lrn_caffe[size-as-it-is]": (
        "LRN: size for radius",
        lambda s: ruled(s, "lrn", depth_radius=5, bias=1.0, alpha=0.002, beta=0.75),
    ),
    "lstm_default[not-written]": ("hard sigmoid gates", gates("lstm", "hard_sigmoid")),
    "lstm_gate_order[i-c-f-o]": ("order of the gates", as_tf1),
    "resize_default[bilinear]": ("resize: half pixel centers", half_pixels),
    "resize_default[nearest]": ("resize: half pixel centers", half_pixels),
    "resize_default[bicubic]": ("resize: half pixel centers", half_pixels),
    "resize_antialias[not-written]": ("resize: antialias", half_pixels),
    "upsampling[bilinear]": ("resize: TensorFlow 1's grid", upsampled),
    "softmax_cross_entropy_labels[v1]": ("no gradient into the labels", labels_without_gradient),
    "softmax_cross_entropy_labels[no-name]": ("no gradient into the labels", labels_without_gradient),
    "weighted_mse_default[masked]": ("another reduction", mean_of_rows),
    "digits_from_nchw[as-they-are]": ("dense kernel of the other Flatten", itself),
    "training_steps[sgd-decay]": ("decay of the rate one step early", trained(decayed_first=True)),
    "training_steps[rmsprop-defaults]": ("defaults of another library", trained(epsilon=1e-7, start=0)),
    "training_steps[rmsprop-epsilon]": (OUTSIDE, trained(inside=False)),
    "training_steps[adam-defaults]": ("optimiser: another epsilon", trained(epsilon=1e-7)),
    "training_steps[momentum-decay]": ("the rate inside the velocity", trained(rate_inside=True)),
    "decay_argument[sgd]": ("decay of the rate ignored", trained(decay=0.0)),
    "decay_argument[adam]": ("decay of the rate ignored", trained(decay=0.0)),
    "initialiser[glorot_uniform]": ("one seed, other numbers", seeds_apart),
    "initialiser[he_normal]": ("one seed, other numbers", seeds_apart),
    "initialiser[truncated_normal]": ("one seed, other numbers", seeds_apart),
    "reduce_max[nan]": ("NaN in a maximum", lambda s: s.arrays()["x"].max(axis=1)),
    "reduce_min[nan]": ("NaN in a maximum", lambda s: s.arrays()["x"].min(axis=1)),
    **{
        f"argmax_of_flat[{f}]": (
            "the function before argmax left out",
            lambda s: s.arrays()["x"].argmax(axis=1),
        )
        for f in ("relu", "sign", "floor", "sigmoid")
    },
    "add_column[square]": ("a column for a bias", lambda s: s.arrays()["x"] + s.arrays()["column"][:, 0]),
    "equal_sign[labels]": ("== of objects", lambda s: np.float32(0)),
    "conv2d_winograd_unclaimed[c3]": ("Winograd's algorithm", itself),
    "conv2d_tf32_unclaimed[c3]": ("TF32 products", itself),
    "conv2d_tf32_unclaimed[c64]": ("TF32 products", itself),
    "weighted_mse[float16-sum]": ("another dtype", in_float32),
    "weighted_mse[float64-sum]": ("another dtype", in_float32),
    "huber[float16]": ("another dtype", in_float32),
    "huber[bfloat16]": ("another dtype", in_float32),
    "huber[float64]": ("another dtype", in_float32),
    "leaky_relu[float64-written]": (
        "a setting in float32",
        lambda s: reference.leaky_relu(s.arrays()["x"], slope=float(np.float32(0.2))).value,
    ),
    "gelu[float64-tanh]": ("as exact as float32", gelu_with_constants),
    "batch_norm_training[float64-moments]": ("a setting in float32", lambda s: spelled(s, momentum=OFF)),
    "avg_pool[bfloat16-k2]": ("empty", lambda s: np.zeros(0, np.float32)),
    "avg_pool_grad[bfloat16-k2]": ("empty", lambda s: {"dx": np.zeros(0, np.float32)}),
    "batch_norm[bfloat16]": ("empty", lambda s: np.zeros(0, np.float32)),
}
#: A second mistake that the same sample catches.
ALSO = {
    "lstm_default[not-written]": ("forget bias", lambda s: ruled(s, "lstm", forget_bias=1.0)),
    "convolve_unflipped[a3]": TRAPS["convolve_unflipped[a2]"],
    "convolve_unflipped[a4]": TRAPS["convolve_unflipped[a2]"],
    "decay_argument[sgd]": ("decay of the rate one step early", trained(decayed_first=True)),
    "same_1d[longer]": ("another meaning of same", same(lambda k: k // 2)),
    "crossentropy[logits-unsaid]": ("logits for probabilities", lambda s: spelled(s, logits=False)),
}
#: Keras 2's float32(1 - momentum).
OFF = 1 - float(np.float32(1 - 0.9))
#: Judged against another result, of which no rule is known: see tests/test_explain_command.py.
AGAINST = {"style_loss"}
#: Differences without a cause: what the result looks like has to do.
SHAPES = {"conv2d_kernel_too_large[k4-n3]"}


def target_of(sample, computed):
    """As ``compat explain`` makes it of a record."""
    outputs = computed if isinstance(computed, dict) else {"y": computed}
    results = {name: (np.asarray(array), np.asarray(array).dtype.name) for name, array in outputs.items()}
    inputs = list(sample.arrays().values())
    dtype = next(iter(sample.inputs.values())).dtype
    references = sample.refer()
    if isinstance(references, Network):
        return first_wrong_step(references, results, dtype)[1]
    return Target(sample.operation, inputs, sample.parameters, results, dtype)


@pytest.mark.parametrize(
    ("sample", "trap"), [*TRAPS.items(), *ALSO.items()], ids=[*TRAPS, *(f"{name}-also" for name in ALSO)]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_cause_comes_first(sample, trap):
    cause, port = trap
    found = explain(target_of(SAMPLES[sample], port(SAMPLES[sample])), seconds=0)
    assert found, "nothing fits"
    assert found[0].names == (cause,), [f.names for f in found]


def converted(dialects):
    return all(DIALECTS[name].spelled_as for name in dialects)


def test_every_known_difference_has_its_trap_here():
    """But for what another backend of Keras, or a converter, makes of the same spelling."""
    entries = known.read(os.path.join(CASES, known.FILE_NAME))
    entries = [e for e in entries if "KERAS_BACKEND" not in e.settings and not converted(e.dialects)]
    for entry in (e for e in entries if e.verdict == "differs" and e.operation not in AGAINST):
        met = [
            name
            for name in [*TRAPS, *SHAPES]
            if SAMPLES[name].operation.name == entry.operation
            and any(fnmatchcase(SAMPLES[name].name, pattern) for pattern in entry.samples)
        ]
        assert met, f"{entry.where}: {entry.operation}: {entry.reason}"


def test_every_trap_is_a_known_difference():
    entries = [e for e in known.read(os.path.join(CASES, known.FILE_NAME)) if e.verdict == "differs"]
    for name in {*TRAPS, *ALSO, *SHAPES}:
        sample = SAMPLES[name]
        assert any(
            entry.operation == sample.operation.name
            and any(fnmatchcase(sample.name, pattern) for pattern in entry.samples)
            for entry in entries
        ), name


def test_every_trap_has_the_words_that_name_it_as_a_port():
    for name in {*TRAPS, *ALSO, *SHAPES}:
        assert words_of(name), name
    for pattern, _ in [*CAUSES, *BY_HAND]:
        assert any(fnmatchcase(name, pattern) for name in SAMPLES), pattern


def test_an_answer_of_another_shape_is_described():
    """conv2d_kernel_too_large with oneDNN: the shape of the input, where there is nothing to answer."""
    sample = SAMPLES["conv2d_kernel_too_large[k4-n3]"]
    x = sample.arrays()["x"].astype(np.float64)
    expected = next(iter(sample.refer().values())).value
    words = " / ".join(describe(x, expected, np.zeros(expected.shape), {"the input x": x}))
    assert (
        words.startswith(f"the shape is {x.shape}, expected {expected.shape}")
        and "it is the input x" in words
    )
