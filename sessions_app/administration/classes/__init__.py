"""Classes of students: made and changed, brought by rosters, given tests.

`people` keeps what a list says of a student, `shelf` and `members` are a class and who is in it, `tables`
and `rosters` bring a list, `oneroster` a whole school's. What came out of a test is read by `reporting`.
"""
