"""The start of the cluster."""

from collections.abc import Iterator
from contextlib import contextmanager

from hazelcast import HazelcastClient
from hz_embedded import Cluster, Member
from tour.screen import heading, progress, table


@contextmanager
def start() -> Iterator[tuple[Cluster, Member]]:
    """Start three members; yield the cluster, and the member with a separate JVM."""
    heading("A cluster of three members")
    # Without members this only prepares Java and the jars, which are downloaded on first use.
    with Cluster(members=0) as cluster:
        with progress() as bar:
            task = bar.add_task("Starting members", total=3)
            for _ in range(2):
                cluster.add_member()
                bar.advance(task)
            # To kill a member, its process must not contain other members.
            victim = cluster.add_member(jvm="own")
            bar.advance(task)
        yield cluster, victim


def show(client: HazelcastClient, cluster: Cluster) -> None:
    """Print the members as the client sees them."""
    processes = {member.address: member.jvm.pid for member in cluster.members}
    rows = [
        (str(member.address), str(member.version), str(processes[str(member.address)]), member.uuid)
        for member in client.cluster_service.get_members()
    ]
    table("Members, as the client sees them", ("address", "version", ">process", "uuid"), rows)
