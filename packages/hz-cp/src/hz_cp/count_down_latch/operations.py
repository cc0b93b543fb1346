"""The operations of a CountDownLatch, from which its surfaces are generated."""

from hz_core.errors import OperationTimeoutError
from hz_core.op import Flow, Op
from hz_cp.checks import at_least, waiting_time
from hz_cp.codecs import count_down_latch as codec
from hz_cp.cp_object import CPObjectOperations


class CountDownLatchOperations(CPObjectOperations):
    """A number in a CP group that is counted down to zero; any number of callers wait for that.

    When it is zero, it can be set again.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:countDownLatchService"

    def try_set_count(self, count: int) -> Op[bool]:
        """Set the count if it is zero.

        Args:
            count: How often ``count_down`` is to be called before ``await_latch`` returns; at least 1.

        Returns:
            Whether it was set.

        Raises:
            AssertionError: ``count`` is less than 1.
            TypeError, ValueError: It is not an integer of 32 bits.

        Source: message ``CountDownLatch.trySetCount``.
        """
        return codec.try_set_count(self._group, self._object_name, at_least(1, count, "count"))

    def get_count(self) -> Op[int]:
        """Return the count. Source: message ``CountDownLatch.getCount``."""
        return codec.get_count(self._group, self._object_name)

    def count_down(self) -> Flow[None]:
        """Subtract one, unless the count is zero.

        It counts once, whatever happens to connections and members. If nobody knows whether it was counted within the
        client's time limit, it is repeated.

        Source: messages ``CountDownLatch.getRound``, ``CountDownLatch.countDown``.
        """
        # The count that was set when this began: later ones are not counted down by it.
        counted: int = yield codec.get_round(self._group, self._object_name)
        uid = self._context.new_uuid()
        while True:
            try:
                yield codec.count_down(self._group, self._object_name, uid, counted)
            except OperationTimeoutError:
                continue
            return

    def await_latch(self, timeout: float) -> Op[bool]:
        """Wait until the count is zero.

        Args:
            timeout: The most seconds to wait; 0 or less not to wait.

        Returns:
            Whether it is zero.

        Raises:
            TypeError, ValueError: ``timeout`` is not a number, or out of range.

        Source: message ``CountDownLatch.await``.
        """
        uid = self._context.new_uuid()
        return codec.await_(self._group, self._object_name, uid, waiting_time(timeout))
