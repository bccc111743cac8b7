"""Large tensors judged a part at a time say what they say as a whole; what mixes places is not cut."""

import dataclasses

import numpy as np
import pytest
from test_ports_walked import graph

from compat.judge import blocks, graphs, measuring
from compat.judge.blocks import Cut
from compat.judge.graphs import places

f32 = np.float32
STATE = np.random.RandomState(3)
IMAGES = STATE.normal(size=(2, 12, 10, 4)).astype(f32)
GAMMA, BETA, MEAN = (STATE.normal(size=4).astype(f32) for _ in range(3))
VARIANCE = STATE.uniform(0.5, 1.5, 4).astype(f32)


def norm(fault=None, spelled=False, epsilon=1e-3):
    """A batch norm and a relu of it, and their mean; ``spelled``: by products and sums, as Keras has it."""

    def build(add, x):
        inverse = (GAMMA / np.sqrt(VARIANCE + f32(epsilon))).astype(f32)
        shift = (BETA - MEAN * inverse).astype(f32)
        scaled = (IMAGES * inverse).astype(f32)
        y = (scaled + shift).astype(f32)
        if fault is not None:
            y[fault] += f32(1e-4)
        if spelled:
            product = add("Mul", [x, add("Const", [], inverse)], scaled)
            y_name = add("AddV2", [product, add("Const", [], shift)], y)
        else:
            given = [add("Const", [], one) for one in (GAMMA, BETA, MEAN, VARIANCE)]
            y_name = add("FusedBatchNormV3", [x, *given], y, epsilon=epsilon, is_training=False)
        out = add("Relu", [y_name], np.maximum(y, 0))
        axes = add("Const", [], np.array([1, 2], np.int32))
        return add("Mean", [out, axes], np.maximum(y, 0).mean((1, 2)))

    return graph(build, "port/" if spelled or fault is not None else "", x=IMAGES)


def judged(monkeypatch, size, legacy, port):
    """(what every place says, how many were judged in parts)."""
    cut = []

    def agreeing(*arguments):
        found = blocks.agreeing(*arguments)
        cut.append(found is not None)
        return found

    with monkeypatch.context() as patch:
        for module in (measuring, blocks):
            patch.setattr(module, "PART", size)
        patch.setattr(graphs, "agreeing", agreeing)
        found = places(legacy.side, port.side, port.outputs())
    return [(one.pair, one.vague, one.why, one.followed.hows, one.numbers) for one in found], sum(cut)


@pytest.mark.parametrize("fault", (None, (1, 11, 9, 3), (0, 0, 0, 0)))
@pytest.mark.parametrize("spelled", (False, True))
def test_in_parts_as_a_whole(monkeypatch, fault, spelled):
    legacy, port = norm(), norm(fault, spelled)
    whole, none = judged(monkeypatch, 1 << 30, legacy, port)
    parts, some = judged(monkeypatch, 64, legacy, port)
    assert none == 0 and some == (2 if fault is None else 1)
    assert [one[:4] for one in whole] == [one[:4] for one in parts]
    for one, other in zip((row[4] for row in whole), (row[4] for row in parts)):
        first, second = dataclasses.asdict(one), dataclasses.asdict(other)
        for name in ("share_rms", "share_outlier"):
            assert first.pop(name) == pytest.approx(second.pop(name), rel=1e-12)
        assert first == second
    assert any(row[4].word != "agrees" for row in parts) == (fault is not None)


def test_another_epsilon_is_no_rounding_in_parts(monkeypatch):
    parts, _ = judged(monkeypatch, 64, norm(), norm(spelled=True, epsilon=1.1e-3))
    assert [row[0].legacy for row in parts if row[4].word == "differs"] == ["FusedBatchNormV3_1:0"]


SCALE = STATE.normal(size=(12, 1, 4)).astype(f32)
CUT = {
    "of its places": ("Mul", IMAGES[:1, :1], {}, True),
    "a number a row": ("Mul", SCALE, {}, False),
    "softmax": ("Softmax", None, {}, False),
    "reversed": ("ReverseV2", np.array([1], np.int32), {}, False),
    "bias": ("BiasAdd", BETA, {}, True),
    "bias of the first": ("BiasAdd", BETA, {"data_format": "NCHW"}, False),
}


@pytest.mark.parametrize("name", CUT)
def test_only_what_stays_at_its_place_is_cut(name):
    op, constant, attributes, can = CUT[name]
    made = graph(
        lambda add, x: add(
            op, [x] + ([] if constant is None else [add("Const", [], constant)]), IMAGES, **attributes
        ),
        x=IMAGES,
    )
    replay = graphs.Replay(made.trace, made.kept.read)
    followed = replay.follow(made.trace.outputs["y"], {made.trace.inputs["x"]: IMAGES})
    assert Cut(followed, 3, 12).can is can


@pytest.mark.parametrize("training, can", ((True, False), (False, True)))
def test_the_statistics_of_a_batch_are_of_all_places(training, can):
    def build(add, x):
        given = [add("Const", [], one) for one in (GAMMA, BETA, MEAN, VARIANCE)]
        return add("FusedBatchNormV3", [x, *given], IMAGES, is_training=training)

    made = graph(build, x=IMAGES)
    replay = graphs.Replay(made.trace, made.kept.read)
    followed = replay.follow(made.trace.outputs["y"], {made.trace.inputs["x"]: IMAGES})
    assert Cut(followed, 3, 12).can is can
