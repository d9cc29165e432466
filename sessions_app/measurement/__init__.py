"""Item parameters from answers: imported ones and those of delivered tests.

`importing` keeps answers that were given elsewhere, `collecting` makes data of them and of sessions,
`estimating` calls the engine's calibration and makes the result, `shifts` says what it would change, `queue`
and `running` compute it apart from requests, `proposals` makes a revision of it. Writes imports, calibrations
and, through `testing_engine.pools`, revisions; only reads sessions. Imports `sitting` and `models`.
"""
