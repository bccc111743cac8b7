"""tox says which environment of how many it is at: thirteen take hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tox.plugin import impl

if TYPE_CHECKING:
    from tox.config.sets import CoreConfigSet
    from tox.session.state import State
    from tox.tox_env.api import ToxEnv

_state: list[State] = []


@impl
def tox_add_core_config(core_conf: CoreConfigSet, state: State) -> None:
    """Keep what knows all environments."""
    _state[:] = [state]


@impl
def tox_before_run_commands(tox_env: ToxEnv) -> None:
    """``tf1.15: environment 3 of 14``."""
    names = list(_state[0].envs.iter(only_active=True, package=False)) if _state else []
    if len(names) > 1 and tox_env.name in names:
        print(f"{tox_env.name}: environment {names.index(tox_env.name) + 1} of {len(names)}", flush=True)
