"""Defaults that are others in another library or version: the blank of CTC, parts of a table, masks, clipping."""

from .hypothesis import Catalogue

CATALOGUE = Catalogue()


@CATALOGUE.call(
    "another blank",
    "the blank is class {wrong}, expected {right} (TensorFlow 1's is the last one, -1, the default of TensorFlow 2's "
    "tf.nn.ctc_loss the first, 0): write blank_index={right}",
)
def _(call):
    if call.rule == "ctc_loss":
        classes = call["logits"].shape[-1]
        for wrong in (0, -1):
            if wrong % classes != call["blank_index"] % classes:
                yield call.but(blank_index=wrong), {"wrong": wrong, "right": call["blank_index"]}


@CATALOGUE.call(
    "another strategy of parts",
    "the parts of the table are taken by {wrong}, expected by {right} (TensorFlow 1's default is mod, in turn; "
    "TensorFlow 2's only one div, one part after another): lay the rows in the other order, or use "
    "tf.compat.v1.nn.embedding_lookup with partition_strategy={right!r}",
)
def _(call):
    if call.rule == "embedding_lookup":
        wrong = {"mod": "div", "div": "mod"}[call["strategy"]]
        yield call.but(strategy=wrong), {"wrong": wrong, "right": call["strategy"]}


@CATALOGUE.call(
    "masked steps",
    "masked steps are {wrong}, expected {right}: write zero_output_for_mask={value}, or multiply by the mask",
)
def _(call):
    if call.get("masked") in ("zeros", "repeated") and call.get("mask") is not None:
        wrong = {"zeros": "repeated", "repeated": "zeros"}[call["masked"]]
        yield (
            call.but(masked=wrong),
            {"wrong": wrong, "right": call["masked"], "value": call["masked"] == "zeros"},
        )


@CATALOGUE.call(
    "clipping forgotten", "the gradients are not clipped: clip them by {by}, {limit:g}, before the step"
)
def _(call):
    if call.rule == "clipped_step":
        yield call.but(by="value", limit=float("inf")), {"by": call["by"], "limit": call["limit"]}


@CATALOGUE.call(
    "clipped otherwise",
    "the gradients are clipped by {wrong}, expected by {right} (Keras's clipnorm takes each variable alone, "
    "global_clipnorm and tf.clip_by_global_norm all together)",
)
def _(call):
    if call.rule == "clipped_step":
        for wrong in ("global norm", "norm", "value"):
            if wrong != call["by"]:
                yield call.but(by=wrong), {"wrong": wrong, "right": call["by"]}
