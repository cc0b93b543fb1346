"""The Open Binary Client Protocol: frame layout, flags, and the error for invalid bytes.

A message is a sequence of frames. Every frame has an int32 length (including the six bytes of its header), uint16
flags and the payload, all little-endian. The first frame of a message is the initial frame:

====== ======= =====================================================================
offset  type   content
====== ======= =====================================================================
0      int32   length of the initial frame
4      uint16  flags
6      int32   message type (service id << 16 | method id << 8 | kind; 0 = error)
10     int64   correlation id
18     int32   requests and events: partition id, fixed-size parameters from offset 22
18     uint8   responses: backup acks to wait for, fixed-size parameters from offset 19
====== ======= =====================================================================
"""

from __future__ import annotations

from struct import Struct
from struct import error as struct_error
from typing import Final

from hz_serialization import HazelcastError

FRAME_HEADER_SIZE: Final = 6
FLAGS_OFFSET: Final = 4
TYPE_OFFSET: Final = 6
CORRELATION_ID_OFFSET: Final = 10
PARTITION_ID_OFFSET: Final = 18
BACKUP_ACKS_OFFSET: Final = 18
REQUEST_PARAMETERS_OFFSET: Final = 22
RESPONSE_PARAMETERS_OFFSET: Final = 19

BEGIN_FRAGMENT: Final = 0x8000
END_FRAGMENT: Final = 0x4000
UNFRAGMENTED: Final = BEGIN_FRAGMENT | END_FRAGMENT
IS_FINAL: Final = 0x2000
BEGIN_DATA_STRUCTURE: Final = 0x1000
END_DATA_STRUCTURE: Final = 0x0800
IS_NULL: Final = 0x0400
IS_EVENT: Final = 0x0200
BACKUP_AWARE: Final = 0x0100
BACKUP_EVENT: Final = 0x0080

ERROR_MESSAGE_TYPE: Final = 0
NO_PARTITION: Final = -1

# Length and flags of any frame.
FRAME_HEADER: Final = Struct("<iH")
# Flags, message type and correlation id, as they lie from FLAGS_OFFSET on in an initial frame. The engine
# packs all three into a request about to be sent (an encoder leaves UNFRAGMENTED, maybe IS_FINAL, and id 0).
FLAGS_TYPE_CORRELATION: Final = Struct("<Hiq")

# The errors of a decoder, besides HazelcastProtocolError, for a message that does not match its type.
# Decoders do not convert them: the engine catches them around each decode call and reports a
# HazelcastProtocolError. UnicodeDecodeError is a ValueError. Decoders rely on one check of the frame reader:
# frames have at least six bytes and fill the message exactly.
DECODE_ERRORS: Final = (struct_error, IndexError, ValueError)


class HazelcastProtocolError(HazelcastError):
    """The peer sent bytes that violate the client protocol; the connection must be closed."""


def message_type_of(message: bytes) -> int:
    """Return the message type from the initial frame of ``message``."""
    return int.from_bytes(message[TYPE_OFFSET:CORRELATION_ID_OFFSET], "little", signed=True)
