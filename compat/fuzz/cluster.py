"""The campaign on a Dask cluster: each of its workers has environments of its own, and a store that is copied back.

A batch is a number: whichever worker gets it draws the same samples.  Where one dies, its batch goes to another.
"""

import os
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from ..errors import CompatError
from ..judge.known import KnownDifference
from .campaign import Campaign, Plan
from .pool import Pool, found_in
from .store import Store, merge

#: Seconds that a scheduler may take to answer.
_PATIENCE = 10


class Share(NamedTuple):
    """What a worker has to know: it finds the environments under the same path."""

    plan: Plan
    environments: str
    versions: Sequence[str]
    folder: str
    known: Sequence[KnownDifference]
    left_out: bool = True


#: Of this process, where it is a cluster's worker: one campaign for each share that it was given.
_CAMPAIGNS: Dict[Any, Campaign] = {}


def batch(share: Share, number: int) -> Dict[str, Any]:
    """Run in a worker: one batch, written to the worker's own store; where that is, and what was counted."""
    key = (share.plan, share.environments, tuple(share.versions), share.folder)
    folder = os.path.join(os.path.abspath(share.folder), "workers", str(os.getpid()))
    if key not in _CAMPAIGNS:
        pool = Pool(found_in(share.environments, share.versions)).__enter__()
        _CAMPAIGNS[key] = Campaign(share.plan, pool, Store(folder), share.known, left_out=share.left_out)
    return {"store": folder, "counts": _CAMPAIGNS[key].one(number)}


def run(
    share: Share,
    address: str,
    store: Store,
    seconds: float,
    graphs: Optional[int],
    progress: Callable[[], None],
    work: Callable[[Share, int], Dict[str, Any]] = batch,
) -> None:
    """Keep the cluster busy until the time is over or so many samples were tried, then copy the stores together."""
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise CompatError("--scheduler needs Dask: pip install 'compat[fuzz]'") from None
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise CompatError(f"{address}: no scheduler answers ({error})") from None
    end, tried = time.monotonic() + seconds, 0.0
    number = store.next.get(share.plan.name, 0)
    folders: List[str] = []
    with client:
        most = 2 * max(len(client.scheduler_info()["workers"]), 1)
        submit = lambda n: client.submit(work, share, n, pure=False, retries=3)
        waiting = as_completed([submit(number + n) for n in range(most)])
        number += most
        for future in waiting:
            found = future.result()
            folders.append(found["store"])
            tried += found["counts"]["samples"]
            store.totals["samples"] = store.totals.get("samples", 0) + found["counts"]["samples"]
            progress()
            if time.monotonic() < end and (graphs is None or tried < graphs):
                waiting.add(submit(number))
                number += 1
    workers = os.path.join(share.folder, "workers")
    merge(share.folder, [os.path.join(workers, name) for name in sorted(os.listdir(workers))])
