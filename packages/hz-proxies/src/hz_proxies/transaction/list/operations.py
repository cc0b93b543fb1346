"""Operations of a list in a transaction, from which its surfaces are generated."""

from typing import ClassVar, Generic

from hz_proxies.codecs import transactional_list as codec
from hz_proxies.transaction.scope import TransactionalCollectionCodec, TransactionalCollectionOperations
from hz_proxies.types import E


class TransactionalListOperations(TransactionalCollectionOperations[E], Generic[E]):
    """A list in a transaction.

    What is removed is gone for others at once; a rollback puts it back. What is added is in the list after the commit.
    """

    _codec: ClassVar[TransactionalCollectionCodec] = codec
