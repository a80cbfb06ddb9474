"""Files: written whole or not at all, sealed with a digest, and read so that damage and strangers do no harm."""

from ._claim import claim as claim
from ._folder import workplace as workplace
from ._hdf5 import weigh as weigh
from ._netcdf import load as load
from ._netcdf import packed as packed
from ._netcdf import save as save
from ._seal import seal as seal
from ._seal import unsealed as unsealed
from ._text import parse_json as parse_json
from ._text import read_toml as read_toml
from ._write import check_writable as check_writable
from ._write import write as write
