"""Convolution by other algorithms than its definition: Winograd, Fourier, TF32 products, and their claims.

Kernels on GPUs, and oneDNN where it is asked to, compute 3x3 convolutions so.  Their roundings are those of
other sums: an implementation that says so is judged by the bounds of what it claims, one that does not by
those of a plain sum.
"""

from compat import fixtures, operation, reference

#: A^T, G and B^T of F(m, 3): Lavin and Gray, Fast algorithms for convolutional neural networks, 2016.
_F2 = (
    ((1, 1, 1, 0), (0, 1, -1, -1)),
    ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)),
    ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
)
_F4 = (
    ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
    (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
    (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
)


def _winograd(matrices):
    """SAME 3x3 convolution, A^T [(G w G^T) * (B^T x B)] A on every tile, all in the dtype of x."""

    def convolve(np, x, w):
        a, g, b = (np.array(matrix, x.dtype) for matrix in matrices)
        m, t = a.shape
        n, height, width, channels = x.shape
        down, along = -(-height // m), -(-width // m)
        padded = np.zeros((n, down * m + 2, along * m + 2, channels), x.dtype)
        padded[:, 1 : height + 1, 1 : width + 1] = x
        rows = (m * np.arange(down))[:, None] + np.arange(t)
        columns = (m * np.arange(along))[:, None] + np.arange(t)
        tiles = padded[:, rows[:, None, :, None], columns[None, :, None, :]]  # n, down, along, t, t, channels
        turned = np.einsum("zp,nijpqc->nijzqc", b, tiles)
        turned = np.einsum("yq,nijzqc->nijzyc", b, turned)
        kernel = np.einsum("zr,rscf,ys->zycf", g, w, g)
        products = np.einsum("nijzyc,zycf->nijzyf", turned, kernel)
        outputs = np.einsum("az,nijzyf->niajyf", a, products)
        outputs = np.einsum("by,niajyf->niajbf", a, outputs)
        return outputs.reshape(n, down * m, along * m, -1)[:, :height, :width].astype(x.dtype)

    return convolve


def _fourier(np, x, w):
    """The sum over channels of products of two-dimensional transforms; the kernel is not flipped."""
    size = x.shape[1] + 2, x.shape[2] + 2
    images = np.fft.rfft2(x, size, axes=(1, 2))
    kernels = np.fft.rfft2(w[::-1, ::-1], size, axes=(0, 1))
    full = np.fft.irfft2(np.einsum("nhwc,hwcf->nhwf", images, kernels), size, axes=(1, 2))
    return full[:, 1 : x.shape[1] + 1, 1 : x.shape[2] + 1].astype(x.dtype)


def _to_tf32(np, array):
    """Ten bits behind the leading one, as the tensor cores of a GPU read a float32."""
    fraction, exponent = np.frexp(array.astype(np.float64))
    return np.ldexp(np.rint(fraction * 2**11) / 2**11, exponent).astype(array.dtype)


def _tf32(np, x, w):
    from compat import layers

    return layers.conv2d(_to_tf32(np, x), _to_tf32(np, w), padding="SAME")


def _tensorflow(tf, x, w):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME")


def _keras(keras, x, w):
    layer = keras.layers.Conv2D(w.shape[3], 3, padding="same", use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


def _algorithm(name, implementation, claims, doc):
    made = operation(name, reference=lambda x, w: reference.conv2d(x, w, padding="SAME"), doc=doc)
    made.on("numpy", claims=claims)(implementation)
    made.on("tf1.session", "tf2.eager", "tf2.function")(_tensorflow)
    made.on("keras2", "keras3")(_keras)
    for channels, filters in ((3, 8), (64, 16)):
        made.sample(
            f"c{channels}",
            x=fixtures.normal(f"algorithms_image_c{channels}", (1, 18, 21, channels), seed=261),
            w=fixtures.normal(f"algorithms_filters_c{channels}", (3, 3, channels, filters), seed=262),
        )
    return made


winograd_2x2 = _algorithm(
    "conv2d_winograd_2x2",
    _winograd(_F2),
    "winograd-2x2",
    "Winograd's F(2x2, 3x3), claimed: 2.25 times fewer products.",
)
winograd_4x4 = _algorithm(
    "conv2d_winograd_4x4",
    _winograd(_F4),
    "winograd-4x4",
    "Winograd's F(4x4, 3x3), claimed: 4 times fewer products.",
)
winograd_unclaimed = _algorithm(
    "conv2d_winograd_unclaimed",
    _winograd(_F4),
    None,
    "The same without a claim: with few channels its error is beyond what any order of a plain sum does.",
)
fourier = _algorithm("conv2d_fourier", _fourier, "fft", "By the product of Fourier transforms, claimed.")
tf32 = _algorithm("conv2d_tf32", _tf32, "tf32-products", "Products of TF32, as GPUs make them, claimed.")
tf32_unclaimed = _algorithm(
    "conv2d_tf32_unclaimed", _tf32, None, "Products of TF32 where nobody said so: relative errors of 3e-4."
)
