"""Which questions may come: content, enemies, exposure, and tests assembled as integer programs.

Imports `selection` and what stands below it.
"""
