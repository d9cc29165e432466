"""What the scripts say. Words in braces are filled in by them."""

from django.utils.translation import gettext as _


def script_texts() -> dict[str, str]:
    """In the active language, by the name that the scripts use."""
    return {
        "question": _("Question {number} of at most {most}"),
        "questionOf": _("Question {number} of {most}"),
        "option": _("Option {number}"),
        "dontKnow": _("I don’t know"),
        "yourAnswer": _("Your answer"),
        "sound": _("Sound"),
        "play": _("Play: {name}"),
        "pause": _("Pause: {name}"),
        "position": _("Position"),
        "played": _("Played {times} of {most}"),
        "noSound": _("The sound cannot be played. Press play to try again."),
        "gap": _("Gap {number}"),
        "chooseOne": _("Choose one answer"),
        "chooseAny": _("Choose all that fit"),
        "chooseExactly": _("Choose {least}"),
        "chooseBetween": _("Choose {least} to {most}"),
        "chooseUpTo": _("Choose at most {most}"),
        "chooseAtLeast": _("Choose at least {least}"),
        "chooseValue": _("Choose a value"),
        "noValue": _("no value yet"),
        "typeWhole": _("Type a whole number, such as 12."),
        "typeNumber": _("Type a number, such as 12 or 0.5."),
        "putInOrder": _("Put these in order"),
        "orderSome": _("Choose {least} to {most} and put them in order"),
        "moveUp": _("Move up: {name}"),
        "moveDown": _("Move down: {name}"),
        "putIn": _("Add: {name}"),
        "takeOut": _("Take out: {name}"),
        "placeOf": _("{name}: place {number} of {all}"),
        "takenOut": _("{name}: taken out"),
        "matchEach": _("Choose what belongs together"),
        "makePairs": _("Make pairs"),
        "addPair": _("Add a pair"),
        "removePair": _("Remove pair {number}"),
        "pairEnd": _("Pair {number}, part {end}"),
        "halfPair": _("A pair is half empty: complete it, or remove it."),
        "pairTwice": _("A pair is there twice."),
        "pairsAtLeast": _("Make at least {least} pairs."),
        "pairsUpTo": _("Make at most {most} pairs."),
        "useAtLeast": _("Use “{name}” at least {least} times."),
        "answerFirst": _("Answer first."),
        "answerFirstOr": _("Answer first, or tick “I don’t know”."),
        "unfinished": _(
            "You have left something as it was. Change it, or press “Answer” again to send the rest as it is."
        ),
        "partNotAccepted": _("This could not be taken. Please change it."),
        "chooseFirst": _("Choose an answer first."),
        "chooseFirstOr": _("Choose an answer first, or “I don’t know”."),
        "sending": _("Sending your answer …"),
        "offline": _("No connection. Your answer is kept and will be sent."),
        "offlineReading": _("No connection. You can go on: your answer is kept and will be sent."),
        "offlineLoading": _("No connection. We keep trying."),
        "busy": _("The service is busy. Your answer is kept and will be sent."),
        "backOnline": _("The connection is back."),
        "answeredElsewhere": _(
            "This question was answered already, in another tab or on another device. "
            "What you chose here was not counted."
        ),
        "movedOn": _("The test went on in another tab or on another device."),
        "tooLate": _("The test was over before your last answer arrived. It was not counted."),
        "notAccepted": _("That answer could not be taken. Please choose again."),
        "notEnded": _("No connection. The test has not ended yet; please try again."),
        "timeLeft": _("Time left: {time}"),
        "fiveMinutes": _("Five minutes left."),
        "oneMinute": _("One minute left."),
        "timeUp": _("The time is over."),
        "noLinkTitle": _("Open the link that you were given"),
        "noLink": _(
            "This page needs the whole link. Open it again from the message or the page where you found it."
        ),
        "expiredLinkTitle": _("This link opens nothing any more"),
        "expiredLink": _(
            "It is too old, or it is not complete. Answers that you sent are kept. "
            "Ask whoever gave you the link for a new one."
        ),
        "unknownTitle": _("This test is not here"),
        "unknown": _("Nobody can open it with this link. Ask whoever gave you the link for a new one."),
        "notOpenTitle": _("The test cannot be started now"),
        "opensAt": _("It opens on {moment}."),
        "closedAt": _("It closed on {moment}."),
        "noAttempts": _("You have started this test as often as it allows."),
        "askInviter": _("Ask whoever invited you what to do."),
        "limit": _("Time limit: {minutes} minutes. The time runs once you begin."),
        "timeChanged": _("Your time was changed. Look at the time left."),
        "moreMinute": _("You have 1 more minute."),
        "moreMinutes": _("You have {minutes} more minutes."),
        "pausedUntil": _("The pause ends by itself at {time}."),
        "pausesLeft": _("Pauses left: {times}, together {time} minutes."),
        "noMorePauses": _("No pause is left."),
        "pausedMeanwhile": _(
            "The test was paused. Your answer was not taken: send it when the test goes on."
        ),
        "noPauseLeft": _("You have paused this test as often, or as long, as it allows."),
        "noPauses": _("This test cannot be paused now."),
        "usedTitle": _("You have taken this test"),
        "used": _(
            "The test of this invitation is over. If you think that it is not, ask whoever invited you."
        ),
        "nameTakenTitle": _("Somebody has begun under this name"),
        "nameTaken": _("Tell your teacher, who can give you your own slip."),
        "failedTitle": _("Something went wrong"),
        "failed": _(
            "Answers that you sent are kept. Load this page again; if it does not help, tell your teacher."
        ),
        "expiredTest": _(
            "The test was closed because its time ran out or because nobody went on for a long while. "
            "Your answers count. If you were not done, ask your teacher whether you may go on."
        ),
        "endedByOthers": _("The test was ended early. Your answers count."),
        "endedTest": _("You ended the test early. Your answers count."),
        "answered": _("Questions answered: {count}"),
        "thanks": _("Thank you. Your answers are recorded."),
        "released": _("You can see your result from {time} on. Open the link again then."),
        "start": _("At the start, anything between {low} and {high} was very likely."),
        "after": _("After {count} questions: between {low} and {high}."),
        "afterOne": _("After 1 question: between {low} and {high}."),
        "pathAxis": _("questions"),
        "forgotten": _("This device has forgotten the test."),
    }


def join_texts() -> dict[str, str]:
    """The same of the page on which a code is typed."""
    return {
        "noSuchCode": _("No test has this code. Look at every sign: there is no O, no I and no zero in it."),
        "slipNeeded": _("{title}: this is the code of your class. Type the long code on your slip."),
        "nobodyLeft": _("Everybody has begun already. Type the long code on your slip, or ask your teacher."),
        "nameTaken": _("Somebody has begun under this name. Tell your teacher."),
        "notOpen": _("The test cannot be started now. Ask your teacher when it opens."),
        "offline": _("No connection. Try again in a moment."),
        "busy": _("Too many codes were tried. Wait a minute, then try again."),
        "failed": _("Something went wrong. Load this page again; if it does not help, tell your teacher."),
    }
