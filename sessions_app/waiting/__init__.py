"""What somebody asks for and comes back to: files of results, of answers, of pools; large revisions of pools.

`kinds` lists what there is; `queue` takes what is asked for, finds and cancels it; `running` does it, by a
worker. The mechanism is `long_work`'s. Writes jobs and their files, and only reads what goes into them;
answers that were brought go into a pool by `measurement`, revisions by who makes them in a request, too.
Imports `administration`, `review`, `measurement`, `reporting` and what they stand on.
"""
