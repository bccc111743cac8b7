"""Normalisations and their gradients as a real TensorFlow computes them, node by node."""

import numpy as np
import pytest
from nets import checked, raw

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
NOISE = np.random.RandomState(5)


@pytest.fixture(autouse=True)
def same_numbers():
    """Whatever ran before, and in whichever worker."""
    NOISE.seed(5)


def fields(tf, name, **arguments):
    found = raw(tf, name, **arguments)
    return dict(found._asdict()) if hasattr(found, "_asdict") else found


def statistics(channels, dtype="float32"):
    return [NOISE.rand(channels).astype(dtype) + 0.5 for _ in range(4)]


@pytest.mark.parametrize("shape", [(4, 5, 6, 3), (1, 1, 1, 3), (3, 2, 2, 8)])
@pytest.mark.parametrize(
    "name, dtype", [("", "float32"), ("V2", "float32"), ("V3", "float32"), ("V2", "float16")]
)
@pytest.mark.parametrize("training, epsilon", [(True, 1e-3), (False, 1e-3), (True, 2e-6)])
def test_fused_batch_norm(name, dtype, shape, training, epsilon):
    if dtype == "float16" and shape[1] == 1:
        pytest.skip("1.15 aborts")
    x = (NOISE.randn(*shape) * 2 + 1).astype(dtype)
    scale, offset, mean, variance = statistics(shape[-1])
    none = np.zeros(0, np.float32)
    moments = {"mean": none, "variance": none} if training else {"mean": mean, "variance": variance}
    more = {"epsilon": epsilon, "is_training": training}
    taken = (5,) if training else (1, 2, 3, 4, 5)
    checked(
        "FusedBatchNorm" + name,
        lambda tf, **fed: fields(tf, "FusedBatchNorm" + name, **fed, **more),
        x=x,
        scale=scale,
        offset=offset,
        **moments,
        taken=taken,
        optional=dtype != "float32",
        disturb=not training or shape[1] > 1,  # of one pixel the variance is 0 and all is cancellation
    )
    dy = NOISE.randn(*shape).astype(dtype)
    reserves = {"reserve_space_1": mean, "reserve_space_2": variance}
    if name == "V3":
        reserves["reserve_space_3"] = mean
    checked(
        f"FusedBatchNormGrad{name}",
        lambda tf, x, dy: fields(
            tf, "FusedBatchNormGrad" + name, y_backprop=dy, x=x, scale=scale, **reserves, **more
        ),
        x=x,
        dy=dy,
        taken=(3, 4),
        optional=dtype != "float32",
    )


def test_moving_averages_of_the_kernel():
    x, (scale, offset, mean, variance) = NOISE.randn(2, 4, 4, 3).astype("float32"), statistics(3)
    checked(
        "FusedBatchNormV3",
        lambda tf, x: fields(
            tf,
            "FusedBatchNormV3",
            x=x,
            scale=scale,
            offset=offset,
            mean=mean,
            variance=variance,
            exponential_avg_factor=0.25,
        ),
        x=x,
        taken=(5,),
        optional=True,
    )


@pytest.mark.parametrize("depth_radius, bias, alpha, beta", [(2, 1.0, 1e-4, 0.75), (5, 2.0, 0.3, 0.5)])
def test_lrn(depth_radius, bias, alpha, beta):
    from compat import reference

    settings = {"depth_radius": depth_radius, "bias": bias, "alpha": alpha, "beta": beta}
    x, dy = (NOISE.randn(2, 3, 4, 9).astype("float32") for _ in range(2))
    checked("LRN", lambda tf, x: raw(tf, "LRN", input=x, **settings), x=x)
    y = reference.lrn(x, **settings).value.astype("float32")
    checked(
        "LRNGrad",
        lambda tf, x, y, dy: raw(tf, "LRNGrad", input_grads=dy, input_image=x, output_image=y, **settings),
        x=x,
        y=y,
        dy=dy,
    )
