"""The seal: a SHA-256 of all that stands before it, at the end of every file that tonicnet reads back.

A file is its contents and then one line of 82 bytes,

    \\n tonicnet-sha256: <64 hexadecimal digits> \\n        (without the spaces)

which is checked before anything looks at the contents. It stands behind the end that an HDF5 file states in its first
bytes, so that every HDF5 and NetCDF library reads the file as if it were not there, ``xarray.open_dataset`` recognises
the file by its first bytes, and a library that opens the file to change it cuts the seal off, which would be wrong
from then on. (A user block before the contents has none of the three: xarray no longer recognises the file, and an
edit leaves a wrong digest behind.) A seal tells damage from data. It is no signature: whoever writes a file can seal
it.
"""

from __future__ import annotations

import hashlib
from typing import IO

_BEGIN, _END = b"\ntonicnet-sha256:", b"\n"
LENGTH = len(_BEGIN) + 64 + len(_END)
HDF5 = b"\x89HDF\r\n\x1a\n"
HEAD = 52  # bytes of a superblock that tell where the file ends


def seal(content: bytes) -> bytes:
    """Return the line that seals some contents.

    >>> line = seal(b"contents")
    >>> unsealed(b"contents" + line)
    b'contents'
    """
    return _BEGIN + hashlib.sha256(content).hexdigest().encode() + _END


def unsealed(raw: bytes) -> bytes:
    """Return the contents of a sealed file. Raises ValueError where the seal is damaged or is not theirs."""
    content, end = raw[:-LENGTH], raw[-LENGTH:]
    if not _has_form(end):
        raise ValueError("the line at its end that holds its SHA-256 is damaged or missing")
    if seal(content) != end:
        raise ValueError("its contents differ from the SHA-256 at its end")
    return content


def is_sealed(stream: IO[bytes], size: int) -> bool:
    """Return whether a file has a seal, or what is left of one behind the end that HDF5 states."""
    if _has_form(_at(stream, max(size - LENGTH, 0))):
        return True
    behind = beyond(_at(stream, 0), size)
    return 0 < behind <= LENGTH or (behind > 0 and _at(stream, size - behind).startswith(_BEGIN))


def beyond(head: bytes, size: int) -> int:
    """Return by how many bytes a file is longer than HDF5's superblock, in its ``head``, says it is; 0 for no HDF5.

    Source: HDF5 File Format Specification 3.0, section II.A: the end-of-file address stands at byte 40 in superblocks
    of version 0, at 44 in version 1, at 28 in versions 2 and 3.
    """
    if len(head) < HEAD or not head.startswith(HDF5):
        return 0
    at = {0: 40, 1: 44}.get(head[8], 28)
    return size - int.from_bytes(head[at : at + 8], "little")


def _at(stream: IO[bytes], place: int) -> bytes:
    stream.seek(place)
    return stream.read(LENGTH)


def _has_form(end: bytes) -> bool:
    return len(end) == LENGTH and end.startswith(_BEGIN) and end.endswith(_END)
