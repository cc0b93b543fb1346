# cython: binding=False, boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False, embedsignature=True, embedsignature.format=clinic
"""The way of one call: what every request and every reply passes, without a step of the interpreter.

The classes here are bases of classes of ``hz_core``. They hold the fields that a call uses, and the methods that it
runs. The pure Python class stays the specification: ``prefer`` removes from it what its base has compiled, and keeps
it under the name ``_pure_<method>``. A compiled method does the common case only. Everything else it leaves to the pure
method, before it has changed anything.

No code of the user, no signal handler and no other thread can run inside of it, except where it calls Python and where
it lets others run while it sends or receives.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_DelItem, PyDict_GetItem, PyDict_GetItemWithError, PyDict_SetItem, PyDict_Size
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from hz_speedups._bytes cimport Block, append_block, begin_block, free_block, reserve, utf8_text
from hz_speedups._bytes cimport load16, load32, load64, store16, store32, store64
from hz_speedups._hash cimport hash_of
from hz_speedups._top cimport TextReader, text_of

from struct import error as struct_error
from time import monotonic
from types import FunctionType

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        object (*tp_new)(PyTypeObject* cls, object arguments, void* keywords)
    unsigned long PyThread_get_thread_ident()
    bint PyDict_CheckExact(object)
    bint PyList_CheckExact(object)
    bint PyTuple_CheckExact(object)


cdef inline object new_instance(type cls):
    """Return a new instance without a call of ``__init__``."""
    return (<PyTypeObject*> cls).tp_new(<PyTypeObject*> cls, (), NULL)


# The classes of hz_core that have no further subclass's behaviour: set by `prefer`.
cdef type plain_op = None
cdef type plain_future = None
cdef type plain_blocking = None
cdef type plain_promised = None
cdef type plain_callback = None
cdef type plain_record = None

# Set by `configure`.
cdef object WATCHED = None
cdef object LEFT_TO_LEADER = None
cdef object checkpoint = None
cdef double longest_receive = 0


def configure(*, watched, left_to_leader, step, longest):
    """Tell the states of reading that callers meet, a Python function that does nothing, and how long a receive blocks.

    The interpreter handles signals and exceptions of other threads when it enters a function in Python. So one is
    called where a call waits again.
    """
    global WATCHED, LEFT_TO_LEADER, checkpoint, longest_receive
    WATCHED, LEFT_TO_LEADER, checkpoint, longest_receive = watched, left_to_leader, step, longest


def prefer(type cls not None, type only=None):
    """Remove from a class what its compiled bases have, or ``only`` one; keep its functions as ``_pure_<name>``.

    Return the class.
    """
    global plain_op, plain_future, plain_blocking, plain_promised, plain_callback, plain_record
    for base in cls.__mro__:
        if base.__module__ != __name__ or (only is not None and base is not only):
            continue
        for name in base.__dict__.keys() & cls.__dict__.keys():
            if name.startswith("__") and name not in ("__init__", "__call__"):
                continue
            pure = cls.__dict__[name]
            if isinstance(pure, FunctionType) and not name.startswith("__"):
                setattr(cls, "_pure_" + name.lstrip("_"), pure)
            delattr(cls, name)
    for base, number in (
        (OpBase, 0), (FutureBase, 1), (BlockingBase, 2), (PromisedBase, 3), (UserCallbackBase, 4), (RecordBase, 5)
    ):
        if issubclass(cls, base):
            if number == 0:
                plain_op = cls
            elif number == 1:
                plain_future = cls
            elif number == 2:
                plain_blocking = cls
            elif number == 3:
                plain_promised = cls
            elif number == 4:
                plain_callback = cls
            else:
                plain_record = cls
    return cls


include "_calls_wire.pxi"
include "_calls_state.pxi"
include "_calls_data.pxi"
include "_calls_service.pxi"
include "_calls_transport.pxi"
include "_calls_callers.pxi"
include "_calls_many.pxi"
include "_calls_callbacks.pxi"
include "_calls_near.pxi"
