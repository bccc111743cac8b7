"""One op in a real session, judged; and judged again with its answer disturbed."""

import numpy as np
from tracing import in_session, words

from compat.arrays import UNIT_ROUNDOFF
from compat.judge.nodes import judge_trace

#: Long sums, whose worst case is far beyond what 100 roundings of the largest element come to.
SUMS = ("Conv", "Depthwise", "FusedBatchNorm", "BlockLSTMGrad", "Dilation2DBackprop", "CTCLoss")
#: Of these a position, or a hue, has several roundings of its own size, and the answer is steep in it.
STEEP = ("Resize", "Crop", "RGB", "HSV", "Adjust")
REFUSALS = ("AttributeError", "InvalidArgumentError", "NotFoundError", "TypeError", "UnimplementedError")


def raw(tf, op, **arguments):
    """The op itself, under the name that this version has for it."""
    return getattr(getattr(tf, "raw_ops", None) or tf.compat.v1.raw_ops, op)(**arguments)


def checked(op, build, taken=(), optional=False, disturb=True, **inputs):
    """The trace of ``build``: every tensor agrees, and those of ``op`` differ when they are disturbed.

    ``taken``: the numbers of its outputs that are taken as recorded.  ``optional``: None where this TensorFlow has
    no kernel for it.  ``disturb``: False where rounding alone may do as much.
    """
    try:
        trace, kept = in_session(build, **inputs)
    except Exception as error:
        if optional and type(error).__name__ in REFUSALS:
            return None
        raise
    found = words(trace, kept)
    assert set(found.values()) <= {"agrees", "taken"}, wrong(trace, kept)
    roundings = 4000 if op.startswith(SUMS) else 1000 if op.startswith(STEEP) else 100
    nodes = [node for node in trace.nodes if node.op == op]
    assert nodes
    for node in nodes if disturb else []:
        for number, output in node.outputs.items():
            if int(number) in taken or not np.prod(output.shape):
                continue
            assert found[node.tensor(int(number))] == "agrees"
            array = kept.read(output.digest)
            node.outputs[number] = kept.keep(disturbed(array, output.dtype, roundings), output.dtype)
            assert words(trace, kept)[node.tensor(int(number))] == "differs", (number, "disturbed")
            node.outputs[number] = output
    return trace


def op(name, optional=False, **arguments):
    """``checked`` of one op: its arrays are fed, the rest are attributes."""
    arrays = {key: value for key, value in arguments.items() if isinstance(value, np.ndarray)}
    rest = {key: value for key, value in arguments.items() if key not in arrays}

    def build(tf, **fed):
        found = raw(tf, name, **fed, **rest)
        return dict(found._asdict()) if hasattr(found, "_asdict") else found

    return checked(name, build, optional=optional, **arrays)


def wrong(trace, kept):
    return [
        (one.tensor, one.why, one.numbers and (one.numbers.message, one.numbers.share))
        for one in judge_trace(trace, kept.read)
        if one.how == "unruled" or (one.numbers and one.numbers.word != "agrees")
    ]


def disturbed(array, dtype, roundings):
    """The largest element off by so many roundings of itself, or by one."""
    array = np.array(array)
    flat = array.reshape(-1)
    if array.dtype.kind == "b":
        flat[0] = not flat[0]
        return array
    where = int(np.argmax(np.abs(flat.astype(np.float64))))
    most = float(abs(flat[where]))
    flat[where] += array.dtype.type(
        1 if array.dtype.kind in "iu" else (most or 1.0) * roundings * UNIT_ROUNDOFF[dtype]
    )
    return array
