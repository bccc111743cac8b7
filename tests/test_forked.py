"""Work shared out over processes: the results in order, errors told, nothing of it pickled but results."""

import os
import signal
import subprocess
import sys
import time

import pytest
from support import environment

from compat import forked
from compat.errors import CompatError


def test_results_come_in_the_order_of_the_items_from_several_processes():
    found = list(forked.each(lambda one: (one() ** 2, os.getpid()), [lambda n=n: n for n in range(40)]))
    assert [square for square, _ in found] == [number * number for number in range(40)]
    if forked._processors() > 1:
        assert os.getpid() not in {process for _, process in found}


def test_an_error_is_that_of_the_work():
    def work(number):
        if number == 7:
            raise CompatError("the seventh")
        return number

    with pytest.raises(CompatError, match="the seventh"):
        list(forked.each(work, range(20)))


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_stopped_while_one_of_them_has_nothing_to_do_any_more(tmp_path):
    code = """
import time
from compat import forked

try:
    print("begins", flush=True)
    list(forked.each(time.sleep, [0, 0, 0, 3]))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=str(tmp_path),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout.readline() == b"begins\n"
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == (b"stopped\n", b"")
