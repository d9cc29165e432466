"""What a teacher prepares before anybody sits down: named tests, listed, made in steps, copied, opened.

`shelf` lists and keeps them, `steps` changes one and says what cannot work, `outlook` what a design can
reach, `usual` is where a new one begins, `rules_in_fields` how rules stand in simple fields. Imports
`administration`, `measurement`, `sitting` and `models`.
"""
