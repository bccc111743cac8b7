"""The four programs' ports with one or two mistakes that people make: the right port's text with something replaced."""

from typing import List, NamedTuple, Tuple


class Mistake(NamedTuple):
    """``edits``: (old text, new text) in the port's ``file``, each there exactly once.

    ``at``: where it is to be flagged, a pattern for the legacy tensor.  ``cause``: a pattern for the first cause.
    ``refused``: the weights have no place, and carry says so; ``unjudged``: these inputs do not show it, and that is
    said.  ``argument``: whether one argument mends it.
    """

    program: str
    name: str
    edits: List[Tuple[str, str]]
    at: str
    cause: str
    argument: bool = False
    function: str = "model"
    file: str = "port.py"
    refused: bool = False
    unjudged: bool = False


_TEXT = [
    Mistake(
        "text_cnn",
        "SAME for VALID",
        [('padding="valid"', 'padding="same"')],
        "conv-maxpool-",
        "padding of Conv2D.*(SAME|VALID)",
        True,
    ),
    Mistake(
        "text_cnn",
        "concat in another order",
        [("for conv in self.convs]", "for conv in self.convs[::-1]]")],
        "concat|output/scores",
        "order",
    ),
    Mistake(
        "text_cnn",
        "no relu",
        [('activation="relu"', "activation=None")],
        "conv-maxpool-|concat",
        "relu is not applied|Relu .*missing",
        True,
    ),
    Mistake(
        "text_cnn",
        "tanh for relu",
        [('activation="relu"', 'activation="tanh"')],
        "conv-maxpool-",
        "(?i)tanh",
        True,
    ),
    Mistake(
        "text_cnn",
        "mean for max over time",
        [("layers.GlobalMaxPooling1D()", "layers.GlobalAveragePooling1D()")],
        "conv-maxpool-|concat|output/scores",
        "mean",
    ),
    Mistake(
        "text_cnn",
        "embedding not scaled",
        [(" * math.sqrt(SIZE)", "")],
        "embedding/|conv-maxpool-3/conv",
        "Mul .*missing",
    ),
    Mistake("text_cnn", "embedding scaled by the size", [("math.sqrt(SIZE)", "SIZE")], "embedding/", "2.828"),
    Mistake(
        "text_cnn",
        "no bias",
        [("use_bias=True", "use_bias=False")],
        "conv-maxpool-3/b",
        "has no place in the port",
        True,
        refused=True,
    ),
    Mistake(
        "text_cnn",
        "dropout is always on",
        [("training=training)\n        scores", "training=True)\n        scores")],
        "output/scores|dropout|scores",
        "random numbers.*dropout is on",
        True,
    ),
    Mistake(
        "text_cnn",
        "l2 without the half",
        [("L2(0.1 / 2)", "L2(0.1)")],
        "loss",
        "L2 of the weights counts twice|the port has 2 times",
        True,
    ),
    Mistake(
        "text_cnn",
        "l2 without the bias",
        [(" + self.penalty(self.scores.bias)", "")],
        "loss",
        "AddV2 .*missing",
    ),
    Mistake(
        "text_cnn",
        "the sum of the losses",
        [("ops.mean(losses)", "ops.sum(losses)")],
        "loss",
        "the sum .*mean",
    ),
    Mistake(
        "text_cnn",
        "softmax twice",
        [("scores = self.scores(h)", "scores = ops.softmax(self.scores(h))")],
        "output/scores|scores",
        "(?i)softmax",
    ),
    Mistake(
        "text_cnn",
        "two: SAME, embedding not scaled",
        [('padding="valid"', 'padding="same"'), (" * math.sqrt(SIZE)", "")],
        "embedding/|conv-maxpool-3/conv",
        "Mul .*missing.*padding of Conv2D",
    ),
]
_GAN = [
    Mistake(
        "dcgan",
        "epsilon of Keras",
        [("epsilon=1.0e-5", "epsilon=1e-3")],
        "generator/bn1/",
        "epsilon.*0.001",
        True,
    ),
    Mistake(
        "dcgan",
        "leaky slope",
        [("negative_slope=0.20", "negative_slope=0.3")],
        "discriminator/conv1/",
        "0.3.*0.2",
        True,
    ),
    Mistake(
        "dcgan",
        "leaky slope of Keras",
        [("negative_slope=0.2)", "negative_slope=0.3)")],
        "discriminator/conv0/",
        "0.3.*0.2",
        True,
    ),
    Mistake(
        "dcgan",
        "cropped on the other side",
        [
            (
                'layers.Conv2DTranspose(8, 5, strides=2, padding="same")',
                "layers.Conv2DTranspose(8, 5, strides=2), layers.Cropping2D(((2, 1), (2, 1)))",
            )
        ],
        "generator/deconv1/",
        "pad|shift|crop|StridedSlice",
    ),
    Mistake("dcgan", "no tanh", [(', activation="tanh"', "")], "generator/Tanh|samples", "Tanh", True),
    Mistake(
        "dcgan",
        "sigmoid for tanh",
        [('activation="tanh"', 'activation="sigmoid"')],
        "generator/Tanh|samples",
        "(?i)sigmoid",
        True,
    ),
    Mistake(
        "dcgan",
        "flattened channels first",
        [("layers.Flatten()(h)", "layers.Flatten()(layers.Permute((3, 1, 2))(h))")],
        "discriminator/(logits|Flatten)|real",
        "(?i)transpose|order|permut",
    ),
    Mistake(
        "dcgan",
        "projection channels first",
        [("layers.Reshape((4, 4, 16))", "layers.Reshape((16, 4, 4)), layers.Permute((2, 3, 1))")],
        "generator/(bn0|Reshape)",
        "(?i)transpose|order|permut",
    ),
    Mistake(
        "dcgan",
        "leaky relu in the generator",
        [('layers.Activation("relu")', "layers.LeakyReLU(0.2)")],
        "generator/Relu_1",
        "(?i)leaky",
    ),
    Mistake(
        "dcgan",
        "relu before batch norm",
        [
            (
                'layers.BatchNormalization(momentum=0.9, epsilon=1.0e-5),\n            layers.Activation("relu")',
                'layers.Activation("relu"),\n            layers.BatchNormalization(momentum=0.9, epsilon=1.0e-5)',
            )
        ],
        "generator/bn1",
        "(?i)relu",
    ),
    Mistake(
        "dcgan",
        "real and fake swapped",
        [('"real": d(images), "fake": d(samples)', '"real": d(samples), "fake": d(images)')],
        "real|fake",
        "swapped",
    ),
    Mistake(
        "dcgan",
        "no gamma",
        [("epsilon=1e-5)(h)", "epsilon=1e-5, scale=False)(h)")],
        "discriminator/conv1/BatchNorm/gamma",
        "has no place in the port",
        True,
        refused=True,
    ),
    Mistake(
        "dcgan",
        "images not scaled",
        [("d(images)", "d((images + 1) / 2)")],
        "discriminator/conv0",
        "0..1|-1..1|which the legacy graph does not have|0.5",
    ),
    Mistake(
        "dcgan",
        "two: epsilon, leaky slope",
        [("epsilon=1.0e-5", "epsilon=1e-3"), ("negative_slope=0.20", "negative_slope=0.3")],
        "generator/bn1/",
        "epsilon.*0.001",
    ),
]
_RNN = "rnnlm/(rnn|MatMul|add|Reshape|Softmax)|logits|probs"
_CHAR = [
    Mistake("char_lstm", "state as (c, h)",
            [("[state[0, 1], state[0, 0]]", "[state[0, 0], state[0, 1]]")], _RNN, "(?i)state|swapped", function="lstm"),
    Mistake("char_lstm", "no state",
            [("self.second(h, initial_state=[state[1, 1], state[1, 0]])", "self.second(h)")],
            _RNN, "(?i)state", function="lstm"),
    Mistake("char_lstm", "hard_sigmoid of Keras 2",
            [("return_sequences=True, dropout=0.0)", 'return_sequences=True, recurrent_activation="hard_sigmoid")')],
            _RNN, "(?i)hard.?sigmoid", True, "lstm"),
    Mistake("char_lstm", "relu for tanh",
            [("return_sequences=True, dropout=0.0)", 'return_sequences=True, activation="relu")')],
            _RNN, "(?i)relu", True, "lstm"),
    Mistake("char_lstm", "backwards",
            [("return_sequences=True, dropout=0.0)", "return_sequences=True, go_backwards=True)")],
            _RNN, "(?i)backward|revers", True, "lstm"),
    Mistake("char_lstm", "time before batch",
            [("ops.reshape(h, (-1, SIZE))", "ops.reshape(ops.transpose(h, (1, 0, 2)), (-1, SIZE))")],
            _RNN, "(?i)transpose|order", function="lstm"),
    Mistake("char_lstm", "softmax over the batch", [("axis=-1", "axis=0")],
            "rnnlm/Softmax|probs", "(?i)axis", True, "lstm"),
    Mistake("char_gru", "reset_after of Keras 2 and 3", [("dropout=0.0, reset_after=False", "dropout=0.0")],
            _RNN, "reset_after", True, "gru"),
    Mistake("char_gru", "hard_sigmoid of Keras 2",
            [("dropout=0.0, reset_after=False", 'recurrent_activation="hard_sigmoid", reset_after=False')],
            _RNN, "(?i)hard.?sigmoid", True, "gru"),
    Mistake("char_lstm", "gates in the old order",
            [("[i, f, j, o]", "[i, j, f, o]"),
             ("[bi, bf + 1.0, bj, bo]", "[bi, bj, bf + 1.0, bo]")],
            _RNN, "(?i)gate|order", function="lstm", file="loading.py"),
    Mistake("char_lstm", "no forget bias", [("bf + 1.0", "bf")],
            _RNN, "(?i)forget", function="lstm", file="loading.py"),
    Mistake("char_lstm", "forget bias twice", [("bf + 1.0", "bf + 2.0")],
            _RNN, "(?i)forget", function="lstm", file="loading.py"),
    Mistake("char_lstm", "layers swapped",
            [('(model.first, "cell_0"), (model.second, "cell_1")',
              '(model.first, "cell_1"), (model.second, "cell_0")')],
            _RNN, "cell_[01]|swapped|weights", function="lstm", file="loading.py"),
    Mistake("char_gru", "gates in the old order",
            [("[u, r, candidate]", "[r, u, candidate]"), ("[bu, br, bh]", "[br, bu, bh]")],
            _RNN, "(?i)gate|order", function="gru", file="loading.py"),
]  # fmt: skip
_STYLE = [
    Mistake(
        "style",
        "zeros for reflection",
        [('mode="reflect"', 'mode="constant"')],
        "transform/conv1/",
        "(?i)reflect|MirrorPad",
        True,
    ),
    Mistake(
        "style",
        "symmetric for reflection",
        [('mode="reflect"', 'mode="symmetric"')],
        "transform/conv1/",
        "(?i)reflect",
        True,
    ),
    Mistake(
        "style",
        "norm over the batch too",
        [("axes=[1, 2]", "axes=[0, 1, 2]")],
        "transform/conv1/",
        "Mean .*takes \\[0, 1, 2\\]",
        True,
    ),
    Mistake(
        "style",
        "epsilon outside the root",
        [("ops.sqrt(variance + 1e-3)", "(ops.sqrt(variance) + 1e-3)")],
        "transform/conv1/",
        "epsilon is added to the root",
    ),
    Mistake(
        "style",
        "another epsilon",
        [("1e-3)", "1e-5)")],
        "transform/conv1/",
        "epsilon.*1e-05.*0.001|1e-05",
        True,
    ),
    Mistake(
        "style",
        "Bessel's correction",
        [
            (
                "ops.sqrt(variance +",
                "ops.sqrt(variance * (x.shape[1] * x.shape[2]) / (x.shape[1] * x.shape[2] - 1) +",
            )
        ],
        "transform/conv1/",
        "(?i)Mul, RealDiv .*leave it out|bessel",
    ),
    Mistake(
        "style",
        "bilinear for nearest",
        [('interpolation="nearest"', 'interpolation="bilinear"')],
        "transform/(Resize|up1)",
        "(?i)bilinear",
        True,
    ),
    Mistake(
        "style",
        "mean pixel of BGR",
        [("[123.68, 116.779, 103.939]", "[103.939, 116.779, 123.68]")],
        "vgg",
        "103.939|BGR",
        True,
    ),
    Mistake(
        "style",
        "tanh times another number",
        [("Rescaling(150.0", "Rescaling(127.5")],
        "transform/|image",
        "127.5.*150",
        True,
    ),
    Mistake(
        "style",
        "no residual",
        [("layers.Add()([x, h])", "h")],
        "transform/res1/add|transform/res2/a/",
        "AddV2 .*missing",
    ),
    Mistake(
        "style",
        "relu after the sum",
        [("layers.Add()([x, h])", "layers.ReLU()(layers.Add()([x, h]))")],
        "transform/res1/add|transform/res2",
        "(?i)relu",
    ),
    Mistake(
        "style",
        "gram not divided",
        [
            (
                "ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / (height * width * channels)",
                "ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)",
            )
        ],
        "truediv|sub",
        "RealDiv .*missing",
    ),
    Mistake(
        "style",
        "gram without the channels",
        [("(height * width * channels)\n\n", "(height * width)\n\n")],
        "truediv|style_loss|MatMul|sub",
        "256.*1024|factor|4",
    ),
    Mistake(
        "style",
        "tv without the half",
        [
            (
                "ops.sum(ops.square(image[:, 1:] - image[:, :-1])) / 2",
                "ops.sum(ops.square(image[:, 1:] - image[:, :-1]))",
            )
        ],
        "L2Loss|tv_loss|add",
        "(?i)half|factor|twice|2",
    ),
    Mistake(
        "style",
        "mean for max pool",
        [("layers.MaxPooling2D(2)", "layers.AveragePooling2D(2)")],
        "vgg",
        "(?i)AvgPool|mean",
    ),
    Mistake(
        "style",
        "two: bilinear, BGR",
        [
            ('interpolation="nearest"', 'interpolation="bilinear"'),
            ("[123.68, 116.779, 103.939]", "[103.939, 116.779, 123.68]"),
        ],
        "transform/(Resize|up1)|vgg",
        "(?i)bilinear|103.939|BGR",
    ),
]
MISTAKES = [*_TEXT, *_GAN, *_CHAR, *_STYLE]
