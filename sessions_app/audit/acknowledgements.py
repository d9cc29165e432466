"""What binds the acknowledgement of a loss to the loss, the reason, the person and the time: a keyed hash."""

import json

from sessions_app.audit.chain import microseconds
from sessions_app.models import LossAcknowledgement
from testing_engine import seals


def seal_of(acknowledgement: LossAcknowledgement) -> bytes:
    """With the key of now."""
    return seals.seal_of(_told(acknowledgement), ())


def is_sealed(acknowledgement: LossAcknowledgement) -> bool:
    """Whether it is what somebody said, by whichever key."""
    return seals.is_sealed(bytes(acknowledgement.seal), _told(acknowledgement), ())


def _told(acknowledgement: LossAcknowledgement) -> str:
    loss = acknowledgement.loss
    lost = [str(loss.session_id), loss.accepted, loss.stored, loss.is_session_lost, bytes(loss.link).hex()]
    by = [acknowledgement.reason, acknowledgement.by_id, microseconds(acknowledgement.at)]
    return json.dumps(["loss acknowledged", *lost, *by], ensure_ascii=False)
