"""Files that leave with an export: nothing here imports tonicnet, and each is written out whole.

``membrane_noise.py`` and ``brian2_script.py`` are the program of :func:`tonicnet.spiking.write_script`, ``tonic.h`` and
``cpp_readme.md`` belong to the C++ of :func:`tonicnet.spiking.write_cpp`.
"""
