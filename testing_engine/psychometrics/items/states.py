"""How far a question has come: whether it may be chosen by what it tells, and counts in an ability."""

NOT_CALIBRATED = "not_calibrated"  # no parameters yet, or only guessed ones
PROVISIONAL = "provisional"  # parameters from few answers: it counts, and goes on being watched
OPERATIONAL = "operational"
RETIRED = "retired"  # never chosen again
# In the order of their codes: 0 is what a question is of which nothing is said.
STATES = (OPERATIONAL, PROVISIONAL, NOT_CALIBRATED, RETIRED)
HAVE_PARAMETERS = (OPERATIONAL, PROVISIONAL)
