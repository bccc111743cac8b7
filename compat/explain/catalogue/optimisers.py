"""What goes wrong in the steps of training: an optimiser's settings, its order of operations, the rate."""

import inspect

import numpy as np

from ...reference.bounds import exact
from ...reference.calls import Call
from ...reference.training import OPTIMISERS
from .hypothesis import Catalogue

CATALOGUE = Catalogue()
#: Settings that no optimiser explains: those of every step.
_COMMON = ("before", "gradients", "optimiser", "rate", "decay", "decayed_first", "weight_decay")
#: The defaults of libraries, by optimiser: (whose, settings).
_DEFAULTS = {
    "rmsprop": (
        ("tf.train's", {"decay_of_square": 0.9, "epsilon": 1e-10, "start": 1, "inside": True}),
        ("Keras's from 2.11 on", {"decay_of_square": 0.9, "epsilon": 1e-7, "start": 0, "inside": True}),
        ("Keras's up to 2.10", {"decay_of_square": 0.9, "epsilon": 1e-7, "start": 0, "inside": False}),
        ("PyTorch's", {"decay_of_square": 0.99, "epsilon": 1e-8, "start": 0, "inside": False}),
    ),
    "adam": (
        ("tf.train's", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "hat": True}),
        ("Keras's", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "hat": True}),
        ("PyTorch's", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "hat": False}),
    ),
}
#: What else one may have taken for it.
_OTHERS = (
    ("sgd", {}),
    ("momentum", {"momentum": 0.9}),
    ("momentum", {"momentum": 0.9, "nesterov": True}),
    ("adagrad", {"start": 0.1, "epsilon": 1e-7}),
    *(("rmsprop", settings) for _, settings in _DEFAULTS["rmsprop"]),
    *(("adam", settings) for _, settings in _DEFAULTS["adam"]),
)
_NAMES = {"sgd": "gradient descent", "momentum": "Momentum", "rmsprop": "RMSProp", "adam": "Adam"}


def _settings(call):
    """The settings of the call's optimiser by name, its defaults included."""
    known = inspect.signature(OPTIMISERS[call["optimiser"]]).parameters
    defaults = {name: p.default for name, p in known.items() if p.default is not p.empty}
    return dict(defaults, **{name: value for name, value in call.arguments.items() if name in known})


def _with(call, optimiser, settings):
    common = {name: call[name] for name in _COMMON}
    return Call(call.rule, dict(common, optimiser=optimiser, **settings))


def _hypothesis(name, sentence, *optimisers, free=False):
    """Decorates a function of a call of ``weights_after`` and its settings, of those optimisers or all."""

    def register(function):
        def only(call):
            if call.rule == "weights_after" and (not optimisers or call["optimiser"] in optimisers):
                return function(call, _settings(call))
            return ()

        CATALOGUE.call(name, sentence, free)(only)
        return function

    return register


def _others(call, settings, name, values):
    """The call with each of the values for a setting that it does not have."""
    if name in settings:
        for value in values:
            if value != settings[name]:
                yield call.but(**{name: value}), {"name": name, "wrong": value, "right": settings[name]}


@_hypothesis(
    "optimiser: another epsilon",
    "epsilon is {wrong:g}, expected {right:g} (1e-7 in Keras, in tf.train 1e-8 for Adam and 1e-10 for "
    "RMSProp): write epsilon={right:g}",
    "adam",
    "rmsprop",
    "adagrad",
)
def _(call, settings):
    values = (1e-7, 1e-8, 1e-10, 1e-3, 1e-6, 1e-5, 1e-4, 1e-2, 0.1, 1.0)
    return _others(call, settings, "epsilon", values)


@_hypothesis(
    "RMSProp: epsilon on the other side of the root",
    "epsilon stands {wrong} the root, expected {right}: it is inside in tf.train and in Keras from 2.11 on, "
    "outside in Keras up to 2.10 and in PyTorch; {edit}",
    "rmsprop",
)
def _(call, settings):
    words = ("outside", "inside")
    inside, epsilon = settings["inside"], settings["epsilon"]
    edit = (
        f"write the root of it, epsilon={epsilon**0.5:g}, which comes near, or the update by hand"
        if inside
        else f"write the square of it, epsilon={epsilon**2:g}, which comes near, or the update by hand"
    )
    yield (
        call.but(inside=not inside),
        {"wrong": words[not inside], "right": words[bool(inside)], "edit": edit},
    )


@_hypothesis(
    "RMSProp: the mean square begins elsewhere",
    "the mean square begins with {wrong:g}, expected {right:g}: with 1 in tf.train.RMSPropOptimizer, with 0 "
    "in Keras; from 0 the first steps are about three times as long: set the slot, or lower the rate",
    "rmsprop",
)
def _(call, settings):
    return _others(call, settings, "start", (0, 1))


@_hypothesis(
    "the sum of squares begins elsewhere",
    "the sum of squares begins with {wrong:g}, expected {right:g}: initial_accumulator_value is 0.1 in tf.train "
    "and in tf.keras from 1.14 on, before that and in PyTorch there was 0: write "
    "initial_accumulator_value={right:g}",
    "adagrad",
)
def _(call, settings):
    return _others(call, settings, "start", (0.1, 0.0, 1.0))


@_hypothesis(
    "defaults of another library",
    "the settings are {whose} ({wrong}), expected {right}: {edit}",
    "adam",
    "rmsprop",
)
def _(call, settings):
    for whose, defaults in _DEFAULTS[call["optimiser"]]:
        changed = {name: value for name, value in defaults.items() if value != settings[name]}
        if not changed:
            continue
        edit = "write them out"
        if {"start", "inside", "hat"} & set(changed):  # no argument says these
            edit = "write out what is an argument, set the slot for the start, or write the update by hand"
        words = {
            "whose": whose,
            "wrong": _listed(changed),
            "right": _listed({name: settings[name] for name in changed}),
            "edit": edit,
        }
        yield call.but(**changed), words


def _listed(settings):
    return ", ".join(
        f"{name} {value:g}" if name not in _FLAGS else _FLAGS[name][value] for name, value in settings.items()
    )


_FLAGS = {
    "inside": {False: "epsilon outside the root", True: "epsilon inside the root"},
    "hat": {False: "the root corrected before epsilon", True: "epsilon beside the root as it is"},
}


@_hypothesis(
    "Adam: epsilon and epsilon-hat",
    "epsilon is added {wrong}, expected {right}: TensorFlow and Keras take the order at the end of section 2 "
    "of the paper (epsilon-hat), PyTorch algorithm 1; one epsilon does not fit both, write the update by "
    "hand",
    "adam",
)
def _(call, settings):
    words = ("to the corrected root", "to the root before its correction")
    hat = settings["hat"]
    yield call.but(hat=not hat), {"wrong": words[not hat], "right": words[bool(hat)]}


@_hypothesis(
    "Adam: no bias correction",
    "the means are not corrected for beginning with 0: divide them by 1 - beta ** step",
    "adam",
)
def _(call, settings):
    if settings["corrected"]:
        yield call.but(corrected=False)


@_hypothesis(
    "Adam: beta1 and beta2 swapped",
    "beta1 is {wrong:g} and beta2 {right:g}, each in the other's place: beta1={right:g}, beta2={wrong:g}",
    "adam",
)
def _(call, settings):
    b1, b2 = settings["beta1"], settings["beta2"]
    if b1 != b2:
        yield call.but(beta1=b2, beta2=b1), {"wrong": b2, "right": b1}


@_hypothesis(
    "optimiser: 1 - decay for decay",
    "{name} is {wrong:g}, expected {right:g}: the weight of the old mean is taken for that of the new value",
)
def _(call, settings):
    for name in ("momentum", "decay_of_square", "beta1", "beta2"):
        if name in settings:
            yield from _others(call, settings, name, (round(1 - settings[name], 12),))


@_hypothesis(
    "optimiser: another decay of the mean",
    "{name} is {wrong:g}, expected {right:g}: write it out (momentum 0.9, rho 0.9, beta_1 0.9, beta_2 0.999 "
    "are TensorFlow's and Keras's)",
)
def _(call, settings):
    for name in ("momentum", "decay_of_square", "beta1", "beta2"):
        yield from _others(call, settings, name, (0.9, 0.99, 0.999, 0.95, 0.5, 0.98, 0.8, 0.0))


@_hypothesis(
    "Nesterov's momentum", "nesterov is {wrong}, expected {right}: write nesterov={right}", "momentum"
)
def _(call, settings):
    given = settings["nesterov"]
    yield call.but(nesterov=not given), {"wrong": not given, "right": given}


@_hypothesis(
    "the rate inside the velocity",
    "the velocity holds {wrong}, expected {right}: Keras's holds each gradient times the rate of its own "
    "step, tf.train's gradients alone; they part where the rate changes: accumulate by hand",
    "momentum",
)
def _(call, settings):
    words = ("the gradients", "the gradients times their rates")
    inside = settings["rate_inside"]
    yield call.but(rate_inside=not inside), {"wrong": words[not inside], "right": words[bool(inside)]}


@_hypothesis("RMSProp: centred", "centered is {wrong}, expected {right}: write centered={right}", "rmsprop")
def _(call, settings):
    given = settings["centred"]
    yield call.but(centred=not given), {"wrong": not given, "right": given}


# -- of every optimiser


@_hypothesis(
    "decay of the rate ignored",
    "the rate stays {rate:g}, expected {rate:g} / (1 + {decay:g} t): Keras 3 ignores decay=; give "
    "keras.optimizers.schedules.InverseTimeDecay({rate:g}, 1, {decay:g})",
)
def _(call, settings):
    if call["decay"]:
        yield call.but(decay=0.0), {"rate": call["rate"], "decay": call["decay"]}


@_hypothesis(
    "decay of the rate one step early",
    "the first step already has the rate of {wrong}, expected that of {right}: Keras 1.13's decay= counts "
    "the step before it divides; give a schedule or set the rate by hand",
)
def _(call, settings):
    if call["decay"]:
        early = bool(call["decayed_first"])
        words = ("step 0", "step 1")
        yield call.but(decayed_first=not early), {"wrong": words[not early], "right": words[early]}


@_hypothesis("gradient ascent", "the steps go uphill: change the sign of the loss or of the step")
def _(call, settings):
    yield call.but(rate=-call["rate"])


@_hypothesis(
    "another rate",
    "the rate is {wrong:g}, expected {right:g}: write learning_rate={right:g} (0.001 is Keras's default, and "
    "PyTorch's is another for each)",
)
def _(call, settings):
    rate = call["rate"]
    for wrong in (rate * 10, rate / 10, 0.001, 0.01, rate * 100, rate / 100, rate * 2, rate / 2):
        if wrong != rate:
            yield call.but(rate=wrong), {"wrong": wrong, "right": rate}


_BATCHES = tuple(2**n for n in range(2, 11)) + (10, 20, 50, 100, 200, 500, 1000)


@_hypothesis(
    "the step is that of a sum over the batch",
    "the step is {batch} times as long, as that of a loss summed over a batch of {batch}: tf.reduce_mean for "
    "tf.reduce_sum, or divide the rate by {batch}",
    free=True,
)
def _(call, settings):
    for batch in _BATCHES:
        yield call.but(gradients=exact(call["gradients"]) * batch), {"batch": batch}


@_hypothesis(
    "the step is divided by the batch",
    "the step is {batch} times as short, as that of a gradient divided by a batch of {batch} once more: "
    "divide once, or multiply the rate by {batch}",
    free=True,
)
def _(call, settings):
    for batch in _BATCHES:
        yield call.but(gradients=exact(call["gradients"]) / batch), {"batch": batch}


@_hypothesis(
    "weight decay",
    "{share:g} times the weights is added to the gradient (L2 in the loss, a kernel_regularizer, "
    "weight_decay=): leave it out, or add it on both sides",
    free=True,
)
def _(call, settings):
    for share in (0.01, 0.001, 1e-4, 5e-4, 0.02, 0.002, 2e-4, 0.1, 0.005, 5e-5, 1e-5):
        gradients = exact(call["gradients"]) + share * exact(call["before"])
        yield call.but(gradients=gradients), {"share": share}


@_hypothesis(
    "decoupled weight decay",
    "every step takes {share:g} times the rate of the weights off beside the gradient, as AdamW and Keras's "
    "weight_decay= do, expected {right:g}: write weight_decay=None",
    free=True,
)
def _(call, settings):
    for share in (0.01, 0.004, 0.001, 1e-4, 5e-4, 0.1, 0.05, 0.0):
        if share != call["weight_decay"]:
            yield call.but(weight_decay=share), {"share": share, "right": call["weight_decay"]}


@_hypothesis(
    "clipped gradients",
    "the gradients are clipped to {how}, and should not be: clipvalue, clipnorm, tf.clip_by_...",
    free=True,
)
def _(call, settings):
    gradients = exact(call["gradients"])
    norms = np.sqrt((gradients**2).reshape(len(gradients), -1).sum(axis=1))
    norms = norms.reshape((-1,) + (1,) * (gradients.ndim - 1))
    for most in (1.0, 0.5, 0.1, 5.0, 0.01, 10.0):
        if np.abs(gradients).max() > most:
            yield call.but(gradients=np.clip(gradients, -most, most)), {"how": f"+-{most:g}"}
        if norms.max() > most:
            clipped = gradients * np.minimum(1, most / np.maximum(norms, 1e-30))
            yield call.but(gradients=clipped), {"how": f"a norm of {most:g} for each variable"}


@_hypothesis(
    "another optimiser", "the steps are those of {wrong} ({settings}), expected {right}: the optimiser's name"
)
def _(call, settings):
    for optimiser, others in _OTHERS:
        if optimiser != call["optimiser"]:
            words = {
                "wrong": _NAMES.get(optimiser, optimiser.capitalize()),
                "settings": _listed({k: v for k, v in others.items() if k != "nesterov"}) or "the rate alone",
                "right": _NAMES.get(call["optimiser"], call["optimiser"]),
            }
            yield _with(call, optimiser, others), words


# -- the loss and its gradients


@CATALOGUE.call(
    "summed over the batch",
    "loss and gradients are {batch} times as large, summed over the batch: tf.reduce_mean for tf.reduce_sum",
)
def _(call):
    if call.rule == "conv_dense_step":
        batch = len(call["labels"])
        yield {name: value * float(batch) for name, value in call.answer().items()}, {"batch": batch}


@CATALOGUE.call(
    "divided by the batch twice",
    "loss and gradients are {batch} times as small, divided by the batch once more: reduce once",
)
def _(call):
    if call.rule == "conv_dense_step":
        batch = len(call["labels"])
        yield {name: value * (1.0 / batch) for name, value in call.answer().items()}, {"batch": batch}


@CATALOGUE.call(
    "labels of another image",
    "the labels lie one image off: images and labels are shuffled or batched apart, do both with one order",
)
def _(call):
    if call.rule == "conv_dense_step":
        for by in (1, -1):
            yield call.but(labels=np.roll(call["labels"], by))
