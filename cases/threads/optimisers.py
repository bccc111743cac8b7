"""Public threads about optimisers: one step, or two, with given gradients.

Where the other side is PyTorch's or a paper's, it is spelled as a TensorFlow 1 graph.  What was expected before
anything was run is in threads.toml.
"""

from compat import Unsupported, fixtures, operation, reference

_W = fixtures.values("two_weights", [0, 1])


def _one_step(optimiser, rate, **settings):
    def step(w, g):
        after = reference.training.weights_after(w[None], g[None], optimiser, rate, **settings)
        return after[0].reference()

    return step


def _stepped(optimiser, w, *gradients):
    """The weights after the steps of an optimiser of Keras."""
    import tensorflow as tf

    if not hasattr(tf, "function") or not tf.executing_eagerly():
        raise Unsupported("the optimisers of tf.keras in TensorFlow 1 step only in a model's training")
    variable = tf.Variable(w)
    for gradient in gradients:
        optimiser.apply_gradients([(tf.constant(gradient), variable)])
    return variable


thread_rmsprop_epsilon = operation(
    "thread_rmsprop_epsilon",
    reference=_one_step("rmsprop", 0.01, decay_of_square=0.9, epsilon=1e-3, start=0, inside=False),
    doc="""
    RMSprop with PyTorch's settings takes other steps in Keras. PyTorch adds epsilon to the root of the mean square,
    Keras from 2.11 on to the mean square.
    """,
)


@thread_rmsprop_epsilon.on("tf1.session")
def _(tf, w, g):
    mean_square = (1 - 0.9) * g * g
    return w - 0.01 * g / (tf.sqrt(mean_square) + 1e-3)


@thread_rmsprop_epsilon.on("keras3")
def _(keras, w, g):
    return _stepped(keras.optimizers.RMSprop(0.01, rho=0.9, epsilon=1e-3), w, g)


thread_rmsprop_epsilon.sample("one-step", w=_W, g=fixtures.values("two_gradients", [0.1, -0.02]))

thread_adam_epsilon = operation(
    "thread_adam_epsilon",
    reference=_one_step("adam", 1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8),
    doc="""
    Adam with its defaults in tf.train and in tf.keras, and with small gradients the steps are three times apart.
    epsilon is 1e-8 in the one and 1e-7 in the other.
    """,
)


@thread_adam_epsilon.on("tf1.session")
def _(tf, w, g):
    variable = tf.Variable(w, use_resource=True)
    step = tf.train.AdamOptimizer(1e-3).apply_gradients([(g, variable)])
    with tf.control_dependencies([step]):
        return variable.read_value()


@thread_adam_epsilon.on("keras2", "keras3")
def _(keras, w, g):
    return _stepped(keras.optimizers.Adam(1e-3), w, g)


thread_adam_epsilon.sample(
    "one-step", w=fixtures.values("zero_weight", [0]), g=fixtures.values("small_gradient", [1e-6])
)

thread_adagrad_start = operation(
    "thread_adagrad_start",
    reference=_one_step("adagrad", 0.001, start=0.0, epsilon=1e-7),
    doc="""
    Adagrad by the string takes longer first steps than Adagrad by the class, and PyTorch's are as long as the
    former. The sum of squares begins with 0 there, and with 0.1 in the class.
    """,
)


@thread_adagrad_start.on("tf1.session")
def _(tf, w, g):
    return w - 0.001 * g / (tf.sqrt(g * g) + 1e-7)


@thread_adagrad_start.on("keras2", "keras3")
def _(keras, w, g):
    return _stepped(keras.optimizers.Adagrad(0.001), w, g)


thread_adagrad_start.sample("one-step", w=_W, g=fixtures.values("two_gradients", [0.1, -0.02]))


def _falling(w, g):
    w, g = reference.Tracked(w), g.astype("float64")
    w = w - 0.1 * reference.Tracked(g)
    return (w - (reference.Tracked(g) * 0.9 + g) * 0.01).reference()


thread_momentum_rate = operation(
    "thread_momentum_rate",
    reference=_falling,
    doc="""
    SGD with momentum parts from tf.train.MomentumOptimizer where the rate falls. TensorFlow 1 and PyTorch gather
    gradients and multiply by the rate of today, Keras gathers steps, each with the rate of its day.
    """,
)


@thread_momentum_rate.on("tf1.session")
def _(tf, w, g):
    velocity = 0.0 * g
    for rate in (0.1, 0.01):
        velocity = 0.9 * velocity + g
        w = w - rate * velocity
    return w


@thread_momentum_rate.on("tf2.eager")
def _(tf, w, g):
    velocity = 0.0 * g
    for rate in (0.1, 0.01):
        velocity = 0.9 * velocity - rate * g
        w = w + velocity
    return w


thread_momentum_rate.sample("two-steps", w=_W, g=fixtures.values("one_and_minus_two", [1, -2]))

thread_clipnorm = operation(
    "thread_clipnorm",
    reference=lambda a, b, da, db: {
        name: reference.clipped_step((a, b), (da, db), by="global norm", limit=1.0, rate=1.0)[key]
        for name, key in (("a", "weights_0"), ("b", "weights_1"))
    },
    doc="""
    clipnorm=1 and two gradients, 3 and 4: expected were steps of 0.6 and 0.8, and both are 1. Keras's clipnorm
    takes each variable alone, tf.clip_by_global_norm all of them.
    """,
)


@thread_clipnorm.on("tf1.session")
def _(tf, a, b, da, db):
    (da, db), _ = tf.clip_by_global_norm([da, db], 1.0)
    return {"a": a - da, "b": b - db}


@thread_clipnorm.on("keras2", "keras3")
def _(keras, a, b, da, db):
    import tensorflow as tf

    if not hasattr(tf, "function") or not tf.executing_eagerly():
        raise Unsupported("the optimisers of tf.keras in TensorFlow 1 step only in a model's training")
    variables = [tf.Variable(a), tf.Variable(b)]
    made = keras.optimizers.SGD(1.0, clipnorm=1.0)
    made.apply_gradients(zip([tf.constant(da), tf.constant(db)], variables))
    return dict(zip("ab", variables))


thread_clipnorm.sample(
    "3-and-4",
    a=fixtures.values("zero_a", [0]),
    b=fixtures.values("zero_b", [0]),
    da=fixtures.values("three", [3]),
    db=fixtures.values("four", [4]),
)


def _half_of_squares(w):
    w = reference.Tracked(w)
    return ((w * w).sum() * 0.5 * 5e-4).off_by(lambda p: p.u * 0.00125).reference()


thread_l2_half = operation(
    "thread_l2_half",
    reference=_half_of_squares,
    doc="""
    A graph network with its published factor of weight decay is regularised twice as much in Keras. tf.nn.l2_loss
    has a half in it, regularizers.l2 has none.
    """,
)


@thread_l2_half.on("tf1.session")
def _(tf, w):
    return 5e-4 * tf.nn.l2_loss(w)


@thread_l2_half.on("keras2", "keras3")
def _(keras, w):
    return keras.regularizers.l2(5e-4)(w)


thread_l2_half.sample("1-and-2", w=fixtures.values("one_and_two_w", [1, 2]))
