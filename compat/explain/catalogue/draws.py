"""What goes wrong with random numbers: distributions, seeds, and the share that dropout drops."""

from ...reference.initialisers import DISTRIBUTIONS
from .hypothesis import Catalogue

CATALOGUE = Catalogue()


@CATALOGUE.call(
    "another initialiser",
    "the weights are those of {wrong} (deviation {found:.3g}), expected {right} ({wanted:.3g}): write "
    "kernel_initializer= (Keras's default is glorot_uniform; truncated_normal gives 0.88 of its stddev)",
)
def _(call):
    if call.rule == "drawn":
        sizes = call["inputs"], call["units"]
        right = call["distribution"]
        for wrong, of in DISTRIBUTIONS.items():
            if wrong != right:
                yield (
                    call.but(distribution=wrong),
                    {
                        "wrong": wrong,
                        "found": of(*sizes)[0],
                        "right": right,
                        "wanted": DISTRIBUTIONS[right](*sizes)[0],
                    },
                )


@CATALOGUE.call(
    "one seed, other numbers",
    "the distribution is right, and one seed gives {wrong}, expected {right}: the stream depends on version, "
    "mode and op seeds, and nobody promises it; draw once, save and load the weights",
)
def _(call):
    if call.rule == "drawn":
        words = ("other numbers the second time", "the same numbers twice")
        given = bool(call["one_seed_repeats"])
        yield (
            call.but(one_seed_repeats=not given),
            {"wrong": words[not given], "right": words[given]},
        )
