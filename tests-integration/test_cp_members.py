"""CP members, groups and sessions as real members report them, on all three surfaces."""

import pytest

from cp_harness import CPCluster
from hz_core.errors import HazelcastError, LockOwnershipLostError
from hz_cp import FENCED_LOCK
from hz_cp.sessions import SessionService
from map_harness import AnyObject, Caller, Recorder, fresh_name


def management(caller: Caller) -> AnyObject:
    proxy = caller.client.cp_subsystem.management
    return AnyObject(caller, proxy.blocking() if caller.surface == "blocking" else proxy)


async def test_members_groups_and_sessions(cp_caller: Caller, cp: CPCluster) -> None:
    manage = management(cp_caller)
    if cp.mode.endswith("unsafe"):
        with pytest.raises(HazelcastError, match="CP Subsystem is not enabled"):
            await manage.get_cp_members()
        return
    found = await manage.get_cp_members()
    assert set(found.values()) == {member.uuid for member in cp.client.cluster_service.get_members()}
    assert len(found) == 3
    if not cp.mode.startswith("5.4"):
        return
    lock = await cp_caller.object(FENCED_LOCK, f"{fresh_name('lock')}@locks")
    group = lock.proxy.get_group_id()
    assert group in await manage.get_group_ids()
    await lock.lock()
    name = lock.name.partition("@")[0]
    assert name in await manage.get_object_names(group, "FencedLock")
    assert name not in await manage.get_object_names(group, "FencedLock", destroyed=True)
    session = cp_caller.client._engine.service(SessionService).current(group)
    assert session is not None
    assert await manage.force_close_session("locks", session.id) is True
    assert await manage.force_close_session("locks", session.id) is False
    with pytest.raises(LockOwnershipLostError):
        await lock.unlock()


async def test_listeners(cp_caller: Caller) -> None:
    manage = management(cp_caller)
    registrations = [
        await manage.add_membership_listener(Recorder()),
        await manage.add_group_availability_listener(Recorder()),
    ]
    for registration in registrations:
        assert await manage.remove_listener(registration) is True
        assert await manage.remove_listener(registration) is False
