"""An output measured in parts says what it says as a whole; answers without their history allow what they allowed."""

import dataclasses
import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.judge import measuring
from compat.judge.compare import compare
from compat.reference import conv2d
from compat.reference.bounds import Reference
from compat.reference.chain import relu
from compat.reference.settled import settled
from compat.reference.tracked import track

#: Sums of all parts, which round otherwise in another order.
ADDED_UP = ("share_rms", "share_outlier")


def same(one, other):
    first, second = dataclasses.asdict(one), dataclasses.asdict(other)
    if one.word != other.word or one.message != other.message:
        return False
    for name in ADDED_UP:
        a, b = first.pop(name), second.pop(name)
        if a != b and not np.isclose(a, b, rtol=1e-12, atol=0):
            return False
    return first == second


@st.composite
def outputs(draw):
    """(a float32 result, its Reference) with errors of a size, some numbers that are none, some far off."""
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    state = np.random.RandomState(draw(st.integers(0, 2**31)))
    value = state.normal(size=shape) * draw(st.sampled_from((1.0, 1e-30, 1e30)))
    magnitude = np.abs(value) * state.uniform(1, 3, shape)
    result = value * (1 + draw(st.sampled_from((0.0, 1e-8, 1e-7, 1e-5))) * state.normal(size=shape))
    for number in draw(st.lists(st.sampled_from((np.nan, np.inf, -np.inf)), max_size=2)):
        place = tuple(state.randint(0, extent) for extent in shape)
        value[place] = number
        result[place] = draw(st.sampled_from((number, number, 0.0)))
    if draw(st.booleans()):
        result[tuple(state.randint(0, extent) for extent in shape)] *= 1 + 1e-4
    with np.errstate(over="ignore"):
        return result.astype(np.float32), Reference(value, magnitude, draw(st.sampled_from((0, 1, 27))))


def by_parts(size, result, reference):
    before, measuring.PART = measuring.PART, size
    try:
        return compare(result, "float32", reference, "float32")
    finally:
        measuring.PART = before


@settings(deadline=None, max_examples=300)
@given(outputs(), st.integers(1, 40))
def test_parts_say_what_the_whole_says(output, size):
    assert same(by_parts(size, *output), by_parts(1 << 30, *output))


def test_one_element_of_the_last_part_is_found():
    state = np.random.RandomState(1)
    value = state.normal(size=(2, 40, 7))
    result = value.astype(np.float32)
    result[1, 39, 6] *= 1 + 1e-5
    numbers = by_parts(16, result, Reference(value, np.abs(value), 1))
    assert numbers.word == "differs" and numbers.worst_index == [1, 39, 6]
    assert by_parts(16, value.astype(np.float32), Reference(value, np.abs(value), 1)).word == "agrees"


# -- without a history


def tracked_chain():
    x = track(np.random.RandomState(0).normal(size=(3, 4)).astype(np.float32))
    return ((x * 3 + 1) * x).reference()


def carried_chain():
    state = np.random.RandomState(0)
    x, w = state.normal(size=(1, 5, 5, 2)), state.normal(size=(3, 3, 2, 2))
    return relu(conv2d(relu(conv2d(x, w, padding="SAME")), w, padding="SAME"))


@pytest.mark.parametrize("made", (tracked_chain, carried_chain))
@pytest.mark.parametrize("dtype", ("float32", "float64", "float16"))
def test_without_its_history_an_answer_allows_what_it_allowed(made, dtype):
    answer, alone = made(), settled(made(), ["float16"])
    assert np.array_equal(answer.value, alone.value) and answer.longest == alone.longest
    for of in ("worst", "typical", "expected"):
        assert np.array_equal(getattr(answer, of)(dtype), getattr(alone, of)(dtype)), of
    w = np.ones((1, 1, answer.value.shape[-1], 2))
    if answer.value.ndim == 4:
        after, other = conv2d(answer, w), conv2d(alone, w)
        assert np.array_equal(after.worst(dtype), other.worst(dtype))
        assert np.array_equal(after.typical(dtype), other.typical(dtype))


@pytest.mark.parametrize("made", (tracked_chain, carried_chain))
def test_nothing_of_the_history_is_held(made):
    answer = made()
    first = weakref.ref(answer.tracked if answer.carried is None else answer.carried)
    alone = settled(answer, [])
    del answer
    gc.collect()
    assert first() is None and alone.value.size


def test_of_another_dtype_it_tells_nothing():
    with pytest.raises(KeyError):
        settled(tracked_chain(), []).worst("float16")
