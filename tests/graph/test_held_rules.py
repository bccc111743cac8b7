"""What comes of a TensorArray follows from what was put there: the rules, on numbers made here."""

import numpy as np
import pytest

from compat.judge.compare import compare
from compat.reference.nodes import NodeCall, Taken, answer
from compat.reference.nodes.registry import NoRule, as_reference
from compat.reference.tracked import Tracked

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)
AT = np.array([3, 0, 1, 2], np.int32)


def given(op, inputs, put=(), dtype="float32", **attributes):
    call = NodeCall(op, dict(attributes, put=list(put)), (), (dtype, "int64"))
    return answer(call, list(inputs))


def word(flow, found, dtype="float32"):
    return compare(np.asarray(found), dtype, as_reference(flow, dtype), dtype).word


def index(number):
    return np.int32(number)


def test_a_read_is_what_was_written_there():
    (flow,) = given("TensorArrayReadV3", [ROWS, index(2), index(2)], ["Write"])
    assert word(flow, ROWS) == "agrees" and word(flow, ROWS + np.float32(1e-6)) == "differs"
    with pytest.raises(NoRule, match="not put where it is read"):
        given("TensorArrayReadV3", [ROWS, index(2), index(1)], ["Write"])


def test_a_read_is_the_row_that_was_scattered_there():
    for place, number in enumerate(AT):
        (flow,) = given("TensorArrayReadV3", [ROWS, AT, index(number)], ["Scatter"])
        assert word(flow, ROWS[place]) == "agrees" and word(flow, ROWS[place - 1]) == "differs"


def test_a_read_of_a_piece():
    lengths = np.array([1, 0, 3], np.int64)
    for number, piece in enumerate((ROWS[:1], ROWS[:0], ROWS[1:])):
        (flow,) = given("TensorArrayReadV3", [ROWS, lengths, index(number)], ["Split"])
        assert np.array_equal(flow, piece)
    value, found = given("TensorArrayConcatV3", [ROWS, lengths], ["Split"], elements=3)
    assert np.array_equal(value, ROWS) and found.tolist() == [1, 0, 3]


def test_a_gather_puts_together_what_was_put_at_several_times():
    puts = [ROWS[:2], np.array([2, 0], np.int32), ROWS[2], index(1)]
    (flow,) = given("TensorArrayGatherV3", [*puts, np.array([0, 1, 2])], ["Scatter", "Write"])
    assert np.array_equal(flow, ROWS[[1, 2, 0]])
    assert given("TensorArraySizeV3", [*puts, index(2)], ["Scatter", "Write"], dtype="int32") == [3]
    assert given("TensorArraySizeV3", [*puts, index(7)], ["Scatter", "Write"], dtype="int32") == [7]


def test_a_gradient_adds_up_what_is_put_at_one_index():
    puts = [ROWS[0], index(1), ROWS, AT, np.float32([0.1, 0.2, 0.3]), index(1)]
    (flow,) = given("TensorArrayReadV3", [*puts, index(1)], ["Write", "Scatter", "Write"])
    total = ROWS[0] + ROWS[2] + np.float32([0.1, 0.2, 0.3])
    assert word(flow, total) == "agrees"
    assert word(flow, np.nextafter(total, np.float32(99))) == "agrees"  # added in whatever order
    for wrong in (ROWS[0] + ROWS[2], total + np.float32(1e-4)):
        assert word(flow, wrong) == "differs"
    (flow,) = given("TensorArrayReadV3", [AT, index(0), AT, index(0), index(0)], ["Write", "Write"], "int32")
    assert flow.tolist() == (AT + AT).tolist()


def test_what_nobody_put_there_is_zero_where_the_trace_says_so():
    puts = [ROWS[0], index(1), np.array([0, 1])]
    (flow,) = given("TensorArrayGatherV3", puts, ["Write"], element=[3])
    assert np.array_equal(flow, [np.zeros(3), ROWS[0]])
    with pytest.raises(NoRule):
        given("TensorArrayGatherV3", puts, ["Write"])


def test_what_rounding_did_before_goes_through():
    inexact = Tracked(ROWS, lambda p: np.full(ROWS.shape, 1e-3)).reference()
    (row,) = given("TensorArrayReadV3", [inexact, AT, index(0)], ["Scatter"])
    assert (row.worst("float32") >= 1e-3).all() and np.array_equal(row.value, ROWS[1])
    (both,) = given("TensorArrayGatherV3", [inexact, AT, np.array([0, 3])], ["Scatter"])
    assert np.array_equal(both.value, ROWS[[1, 0]]) and (both.worst("float32") >= 1e-3).all()


def test_the_stack_and_the_flow_pass_on():
    assert answer(NodeCall("StackPopV2", {}, (), ("float32",)), [ROWS])[0] is ROWS
    flow = np.float32(0)
    assert answer(NodeCall("TensorArrayWriteV3", {}, (), ("float32",)), [index(1), ROWS, flow]) == [flow]
    assert answer(NodeCall("TensorArrayV3", {}, (), ("", "float32")), [index(1)]) == [None, 0]


def test_a_read_that_no_trace_explains_is_taken():
    for op in ("TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3", "TensorArraySizeV3"):
        with pytest.raises(Taken, match="list of tensors"):
            answer(NodeCall(op, {}, (), ("float32",)), [index(0)])
