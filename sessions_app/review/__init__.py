"""Whether what is stored is what happened. Only reads.

`replay` decides a test again, `verification` walks the audit chain. Imports `sitting`, `audit` and `models`.
"""
