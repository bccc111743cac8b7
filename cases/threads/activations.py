"""Public threads about activations: functions of one name with other constants.

What was expected of each before anything was run is in threads.toml.
"""

from compat import fixtures, operation, reference

thread_hard_sigmoid = operation(
    "thread_hard_sigmoid",
    reference=lambda x: reference.hard_sigmoid(x, slope=0.2),
    doc="""
    hard_sigmoid of an old model in Keras 3: documented as clip(0.2 x + 0.5), and it reaches 1 at 3 instead of 2.5.
    Keras 3 has the slope 1/6.
    """,
)


@thread_hard_sigmoid.on("tf1.session")
def _(tf, x):
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


@thread_hard_sigmoid.on("keras3")
def _(keras, x):
    return keras.activations.hard_sigmoid(x)


thread_hard_sigmoid.sample("four", x=fixtures.values("four_inside", [-2.8, -1, 0.7, 2.6]))

thread_gelu = operation(
    "thread_gelu",
    reference=lambda x: reference.gelu(x, approximate=False),
    doc="""
    A BERT's features agree to two decimals and no further. gelu is x times the normal distribution function, by
    erf; the other side has the approximation by tanh.
    """,
)


@thread_gelu.on("tf1.session")
def _(tf, x):
    return 0.5 * x * (1.0 + tf.erf(x / 2.0**0.5))


@thread_gelu.on("tf2.eager")
def _(tf, x):
    return 0.5 * x * (1.0 + tf.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


thread_gelu.sample("six", x=fixtures.values("six_beside_zero", [-2, -1, 0.5, 1, 2, 3]))
