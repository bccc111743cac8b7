"""Discrete Fourier transforms: powers of two and others, of real and complex numbers, back, and of two axes.

The traps: the sign of the imaginary part, who divides by the number of points, half a spectrum.
"""

from compat import fixtures, operation, reference


def _complex(name, shape, seed):
    def make():
        import numpy as np

        parts = [fixtures.normal(name, shape, seed + i).array for i in (0, 1)]
        return (parts[0] + 1j * parts[1]).astype(np.complex64)

    return fixtures.Fixture(name, make)


def _transform(name, numpy_name, scipy_name, **settings):
    """The operation, on NumPy, SciPy and TensorFlow."""
    made = operation(
        name,
        reference=lambda x: reference.fft(x, **settings),
        doc=f"np.fft.{numpy_name}, tf.signal.{name}. NumPy 1 computes it in complex128 whatever comes in.",
    )

    @made.on("numpy")
    def _(np, x):
        return getattr(np.fft, numpy_name)(x).astype(np.complex64)

    @made.on("scipy")
    def _(scipy, x):
        import scipy.fftpack

        module = getattr(scipy, "fft", None)
        if not hasattr(module, scipy_name):  # before 1.4 there is only the old one
            return getattr(scipy.fftpack, scipy_name)(x)
        return getattr(module, scipy_name)(x)

    @made.on("tf1.session", "tf2.eager", "tf2.function")
    def _(tf, x):
        return getattr(tf.signal, name)(x)

    return made


fft = _transform("fft", "fft", "fft")
ifft = _transform("ifft", "ifft", "ifft", inverse=True)
fft2d = _transform("fft2d", "fft2", "fft2", dimensions=2)

for points in (8, 12, 100, 128):
    fft.sample(f"n{points}", x=_complex(f"fft_3x{points}", (3, points), seed=321))
for points in (8, 12):
    ifft.sample(f"n{points}", x=_complex(f"fft_3x{points}", (3, points), seed=321))
fft2d.sample("8x6", x=_complex("fft_2x8x6", (2, 8, 6), seed=323))

rfft = operation(
    "rfft",
    reference=lambda x: reference.fft(x, real=True),
    doc="Of real numbers: the first n // 2 + 1 of a spectrum whose other half is the conjugate.",
)


@rfft.on("numpy")
def _(np, x):
    return np.fft.rfft(x).astype(np.complex64)


@rfft.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.signal.rfft(x)


for points in (8, 15, 64):
    rfft.sample(f"n{points}", x=fixtures.normal(f"rfft_2x{points}", (2, points), seed=325))
