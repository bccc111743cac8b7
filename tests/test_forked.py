"""Work shared out over processes: the results in order, errors told, nothing of it pickled but results."""

import os

import pytest

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
