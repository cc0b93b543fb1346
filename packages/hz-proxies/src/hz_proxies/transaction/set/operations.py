"""Operations of a set in a transaction, from which its surfaces are generated."""

from typing import ClassVar, Generic

from hz_proxies.codecs import transactional_set as codec
from hz_proxies.transaction.scope import TransactionalCollectionCodec, TransactionalCollectionOperations
from hz_proxies.types import E


class TransactionalSetOperations(TransactionalCollectionOperations[E], Generic[E]):
    """A set in a transaction.

    What is removed is gone for others at once; a rollback puts it back. What is added is in the set after the commit,
    and members do not let the same transaction remove it: ``remove`` returns False for it.
    """

    _codec: ClassVar[TransactionalCollectionCodec] = codec
