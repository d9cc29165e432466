"""Rosters of a whole school in OneRoster's CSV files: `files` opens them, `records` reads what they say,
`bringing` makes it so.

Source: 1EdTech, OneRoster CSV Tables 1.1.1 and CSV Binding 1.2.1 (2023). Demographics, passwords, results and
resources are not read.
"""
