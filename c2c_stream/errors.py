"""The whole error tree; the branch is the reaction.

C2CError
├─ SettingsError   a setting is missing, unknown, out of range -> exit before connecting
├─ Poison          this record is at fault                     -> dead letter
│  ├─ DecodeError  its bytes are no record at all
│  └─ SourceError  what it points at cannot be read
├─ Retry           this attempt failed                         -> again, N times
├─ Unavailable     what we depend on is away                   -> hold intake, no attempt charged
│  └─ NewerSchema  well-formed, of a schema unknown here       -> hold its partition, alarm
└─ Fatal           we are fenced again, or state is unknown    -> exit; the group redoes it

Anything else is a bug and stops the service. Messages say what was found, where, what to do.
"""


class C2CError(Exception):
    """The root: everything that this package raises on purpose."""


class SettingsError(C2CError):
    """A setting is missing, unknown or out of range. Found before anything is connected."""


class Poison(C2CError):
    """This record is at fault and will be at every attempt. It becomes a dead letter."""


class DecodeError(Poison):
    """These bytes are no record at all."""


class SourceError(Poison):
    """What the user pointed at is missing, unreadable, broken or not what it claims to be."""


class Retry(C2CError):
    """This attempt failed; another may not. A dead letter after the last one."""


class Unavailable(C2CError):
    """Something that we depend on is away. No attempt is charged; intake holds until it is back."""


class NewerSchema(Unavailable):
    """A well-formed record of a schema that is unknown here: upgrade, or name its registry."""


class Fatal(C2CError):
    """State is unknown or somebody else took over. The process exits; the group redoes it."""
