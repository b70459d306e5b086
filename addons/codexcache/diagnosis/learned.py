from typing import NamedTuple

IDLE = (300.0, 240.0)


class Load(NamedTuple):
    a_minute: int = 1
    in_flight: int = 0
    none_ended: bool = False
    conversations: int = 1
