"""What the suite's traps are about: the words that name each, and right spellings as graphs where no dialect has one.

A spelling is TensorFlow 1 graph code, ``(tf, *tensors, **parameters) -> tensor or dict``, or the sample's own
``tf1.session`` one with other parameters.
"""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple


class Spelling(NamedTuple):
    """``implementation``: None for the sample's own; ``parameters``: those that are others."""

    implementation: Optional[Callable[..., Any]] = None
    parameters: Dict[str, Any] = {}


def _moments_norm(tf: Any, x: Any, gamma: Any, beta: Any) -> Any:
    mean, variance = tf.nn.moments(x, [3], keep_dims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-5)


def _moving_mean(
    tf: Any, x: Any, beta: Any, gamma: Any, mean: Any, variance: Any, momentum: float, port: str
) -> Any:
    """As tf.layers moves it: ``momentum`` is the weight of the new value."""
    of_batch, _ = tf.nn.moments(x, [0, 1, 2])
    return mean - (mean - of_batch) * momentum


def _same_padding(tf: Any, x: Any, w: Any, strides: int) -> Any:
    return tf.nn.conv2d(x, w, strides=[1, strides, strides, 1], padding="SAME")


def _max_pool_gradient(tf: Any, x: Any, dy: Any, ksize: int) -> Any:
    window = [1, ksize, ksize, 1]
    pooled = tf.nn.max_pool(tf.transpose(x, [0, 2, 3, 1]), window, window, "VALID")
    return {"dx": tf.gradients(tf.transpose(pooled, [0, 3, 1, 2]), x, dy)[0]}


def _equal(tf: Any, x: Any, y: Any) -> Any:
    return tf.cast(tf.equal(x, y), tf.float32)


def _inferring(tf: Any, x: Any, beta: Any, gamma: Any, mean: Any, variance: Any) -> Any:
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def _lstm(tf: Any, x: Any, kernel: Any, recurrent: Any, bias: Any, order: str = "") -> Any:
    """The last output; the gates are i, f, c, o."""
    h = c = tf.zeros([int(x.shape[0]), int(recurrent.shape[0])], x.dtype)
    for step in range(int(x.shape[1])):
        sums = tf.matmul(x[:, step], kernel) + tf.matmul(h, recurrent) + bias
        i, f, g, o = tf.split(sums, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
    return h


#: (pattern of samples, what is right).
BY_HAND: List[Tuple[str, Spelling]] = [
    ("batch_norm_frozen[[]*", Spelling(_inferring)),
    ("batch_norm_momentum[[]*", Spelling(_moving_mean)),
    ("batch_norm_update_ops[[]*", Spelling(parameters={"port": "run"})),
    ("conv2d_padded_evenly[[]*", Spelling(_same_padding)),
    ("crossentropy[[]logits-unsaid]", Spelling(parameters={"says": True})),
    ("crossentropy[[]probabilities-as-logits]", Spelling(parameters={"says": False})),
    ("digits_from_nchw[[]*", Spelling(parameters={"rows": "moved"})),
    ("equal_sign[[]*", Spelling(_equal)),
    ("layer_norm_default[[]*", Spelling(_moments_norm)),
    ("lstm_default[[]*", Spelling(_lstm)),
    ("lstm_gate_order[[]*", Spelling(_lstm)),
    ("max_pool_by_reduce_max[[]*", Spelling(_max_pool_gradient)),
    ("softmax_cross_entropy_labels[[]*", Spelling(parameters={"version": "v2"})),
]

_REDUCED = ("reduction", "is divided by")
_IN_FLOAT32 = ("float32", "the dtype is")
#: (pattern of samples, words of which the first cause has to contain one).
CAUSES: List[Tuple[str, Tuple[str, ...]]] = [
    ("add_column[[]square]", ("bias",)),
    ("argmax_of_flat[[]*", ("optimiser of graphs",)),
    ("avg_pool*[[]bfloat16*", ("empty",)),
    ("batch_norm[[]bfloat16]", ("empty",)),
    ("batch_norm_default_epsilon[[]*", ("epsilon",)),
    ("batch_norm_frozen[[]*", ("batch's own mean", "is_training", "training=False")),
    ("batch_norm_fused_epsilon[[]*", ("epsilon",)),
    ("batch_norm_momentum[[]*", ("momentum", "weight of the new value")),
    ("batch_norm_training[[]float64*", _IN_FLOAT32),
    ("batch_norm_training[[]*", ("n - 1",)),
    ("batch_norm_update_ops[[]*", ("UPDATE_OPS",)),
    ("bidirectional_lstm[[]*", ("masked steps", "zero_output_for_mask")),
    ("cast_to_uint8[[]*", ("wraps around", "clip")),
    ("clipped_step_of_keras[[]*", ("clip",)),
    ("conv2d[[]bfloat16*", ("empty",)),
    ("conv2d_kernel_too_large[[]*", ("the shape is",)),
    ("conv2d_one_kernel_for_all[[]*", ("every channel meets the sum",)),
    ("conv2d_padded_evenly[[]*", ("padding", "padded")),
    ("conv2d_padding_ignored[[]*", ("padding is that of VALID",)),
    ("conv2d_tf32_unclaimed[[]*", ("TF32",)),
    ("conv2d_winograd_unclaimed[[]*", ("Winograd",)),
    ("convolve_unflipped[[]*", ("flipped",)),
    ("crossentropy[[]*", ("from_logits", "Softmax", "softmax")),
    ("ctc_loss_default[[]*", ("blank",)),
    ("decay_argument[[]*", ("the rate",)),
    ("digits_from_nchw[[]*", ("Flatten",)),
    ("dropout_positional[[]*", ("keep_prob",)),
    ("embedding_lookup_mod[[]*", ("partition_strategy",)),
    ("equal_sign[[]*", ("==", "Equal")),
    ("gelu[[]float64*", _IN_FLOAT32),
    ("gru[[]*", ("slope", "hard_sigmoid")),
    ("hard_sigmoid[[]*", ("slope", "takes 0.2", "takes 0.1999512")),
    ("huber[[]*", _IN_FLOAT32),
    ("initialiser[[]*", ("seed",)),
    ("layer_norm_default[[]*", ("epsilon",)),
    ("leaky_relu[[]float64*", _IN_FLOAT32),
    ("leaky_relu[[]*", ("slope", "alpha of LeakyRelu")),
    ("lrn_caffe[[]alpha*", ("alpha",)),
    ("lrn_caffe[[]size*", ("depth_radius",)),
    ("lstm[[]*", ("slope", "hard_sigmoid")),
    ("lstm_default[[]*", ("forget", "hard_sigmoid")),
    ("lstm_gate_order[[]*", ("order",)),
    ("lstm_lengths[[]*", ("masked steps", "zero_output_for_mask")),
    ("max_pool_by_reduce_max[[]*", ("of equal pixels",)),
    ("pool_padding_ignored[[]*", ("padding", "Pad")),
    ("reduce_m??[[]nan]", ("NaN is",)),
    ("resize_antialias[[]*", ("antialias",)),
    ("resize_default[[]*", ("half_pixel_centers",)),
    ("same_1d[[]*", ("the mode is", "padding is at the other end")),
    ("softmax_cross_entropy_labels[[]*", ("labels",)),
    ("style_loss[[]*", ("3840", "divided by 8", "1/8")),
    ("training_steps[[]adam-defaults]", ("epsilon",)),
    ("training_steps[[]momentum-decay]", ("velocity",)),
    ("training_steps[[]rmsprop-defaults]", ("begins with", "start", "settings are Keras's")),
    ("training_steps[[]rmsprop-epsilon]", ("the root",)),
    ("training_steps[[]sgd-decay]", ("the rate",)),
    ("upsampling[[]*", ("half_pixel_centers", "TensorFlow 1's grid", "corner")),
    ("weighted_mse[[]*", _IN_FLOAT32),
    ("weighted_mse_default[[]*", _REDUCED),
]
