"""Work by several threads: all of it, once, in any order; errors arrive; nothing waits for ever."""

import os
import signal
import threading

import pytest

from compat.layers.parallel import each, in_order


@pytest.fixture(autouse=True, params=["1", "2", "5"])
def threads(request, monkeypatch):
    monkeypatch.setenv("COMPAT_THREADS", request.param)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_every_piece_is_done_once(count):
    done = []
    each(range(count), lambda: done.append)
    assert sorted(done) == list(range(count))
    assert list(in_order(range(count), lambda piece: piece**2)) == [piece**2 for piece in range(count)]


def test_an_error_in_a_piece_arrives_and_the_next_work_is_done():
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            each(range(100), lambda: lambda piece: 1 // (piece - 50))
        with pytest.raises(ZeroDivisionError):
            list(in_order(range(100), lambda piece: 1 // (piece - 50)))
        test_every_piece_is_done_once(10)


@pytest.mark.timeout(60)
def test_work_within_work_does_not_wait_for_itself():
    done = []
    each(range(20), lambda: lambda piece: each(range(20), lambda: done.append))
    assert len(done) == 400


def test_the_threads_stay():
    each(range(100), lambda: lambda piece: None)
    before = threading.active_count()
    for _ in range(20):
        each(range(100), lambda: lambda piece: None)
    assert threading.active_count() <= max(before, int(os.environ["COMPAT_THREADS"]) + before)


@pytest.mark.timeout(60)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    list(in_order(range(100), str))
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if list(in_order(range(3), str)) == ["0", "1", "2"] else 1)
    assert os.waitpid(child, 0)[1] == 0
