"""What somebody asks for and comes back to: files of results, of answers, of pools.

`kinds` lists what there is; `queue` takes what is asked for, finds and cancels it; `running` does it, by a
worker. The mechanism is `long_work`'s. Writes jobs and their files, and only reads what goes into them;
answers that were brought go into a pool by `measurement`. Imports `administration`, `review`, `measurement`,
`reporting` and what they stand on.
"""
