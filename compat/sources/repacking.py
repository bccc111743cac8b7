"""An installed distribution as a wheel again: so it gets into another environment, also where no index has it.

A wheel is an archive of what was installed with a RECORD of it (https://packaging.python.org/specifications/binary-distribution-format).
"""

import base64
import hashlib
import os
import zipfile

from ..errors import CompatError
from ..files import appearing, read_bytes
from ..record.versions import metadata


def wheel_of(name: str, folder: str) -> str:
    """The path of a wheel of the installed distribution, written into the folder.

    Raises CompatError where it was not installed from a wheel.
    """
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise CompatError(
            f"{name} is not installed as a package: pip install it, or work in a checkout"
        ) from None
    kept = {}
    for file in distribution.files or ():
        path = file.as_posix()
        if path.startswith("../") or path.endswith(
            (".pyc", "/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json")
        ):
            continue  # scripts and caches are made anew
        kept[path] = read_bytes(os.fspath(file.locate()))
    information = next((path.rpartition("/")[0] for path in kept if path.endswith(".dist-info/METADATA")), "")
    if not information or f"{name}/__init__.py" not in kept:
        raise CompatError(f"{name} is installed so that it can be edited: work in its checkout")
    rows = [f"{path},{_hashed(data)},{len(data)}" for path, data in sorted(kept.items())]
    kept[f"{information}/RECORD"] = "\n".join([*rows, f"{information}/RECORD,,", ""]).encode("utf-8")
    digest = hashlib.sha256(kept[f"{information}/RECORD"]).hexdigest()[:16]
    wheel = os.path.join(folder, digest, f"{name}-{distribution.version}-py3-none-any.whl")
    if not os.path.isfile(wheel):
        with appearing(wheel, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in sorted(kept.items()):
                archive.writestr(zipfile.ZipInfo(path), data)
    return wheel


def _hashed(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
