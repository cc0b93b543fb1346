"""The member's side of connections: authentication, the cluster's view, proxies, Compact schemas."""

from typing import Any

from hz_core.testing.members import Request, Service, serves
from hz_core.testing.messages import schema_id
from hz_core.testing.services.cp import GroupService


@serves("Client")
class ClientService(Service):
    """Messages of the service ``Client``."""

    def authentication(self, request: Request) -> None:
        """Answer as ``SimulatedCluster.authentication_status`` says; another cluster's name or user is refused."""
        cluster, member = self.cluster, request.member
        name, user = request.values[:2]
        status = cluster.authentication_status
        if name != cluster.name or (isinstance(user, str) and user != cluster.username):
            status = 1
        if status:
            request.reply(status, None, None, -1, "", -1, None, False, None, None, -1)
            return
        request.session.client = request["uuid"]
        address = (member.address.host, member.address.port)
        version = ".".join(map(str, cluster.version))
        request.reply(
            0, address, member.uuid, 1, version, cluster.partition_count, cluster.id, False, None, None
        )

    def authentication_custom(self, request: Request) -> None:
        """Answer as for user name and password, for any token."""
        self.authentication(request)

    def add_cluster_view_listener(self, request: Request) -> None:
        """Tell members and partitions, now and whenever they change."""
        request.session.view_id = request.correlation_id
        self.cluster.tell_view(request.session)
        request.reply()

    def add_cp_group_view_listener(self, request: Request) -> None:
        """Tell the leaders of CP groups, if the members do."""
        self.cluster.service(GroupService).follow(request)

    def local_backup_listener(self, request: Request) -> None:
        """Send backup acks over this connection from now on."""
        request.session.backup_id = request.correlation_id
        request.reply(self.cluster.new_uuid())

    def ping(self, request: Request) -> None:
        """Answer."""
        request.reply()

    def statistics(self, request: Request) -> None:
        """Keep the last statistics of a client, by its UUID."""
        self.cluster.statistics[request.session.client] = tuple(request.values)
        request.reply()

    def create_proxy(self, request: Request) -> None:
        """Note the distributed object."""
        self.cluster.proxies.add((request["name"], request["serviceName"]))
        request.reply()

    def create_proxies(self, request: Request) -> None:
        """Note several distributed objects."""
        self.cluster.proxies.update(request["proxies"])
        request.reply()

    def destroy_proxy(self, request: Request) -> None:
        """Forget the distributed object and its data."""
        name, service_name = request.values
        self.cluster.proxies.discard((name, service_name))
        for service in self.cluster.services.values():
            if service.service_name == service_name:
                service.destroy(name)
        request.reply()

    def get_distributed_objects(self, request: Request) -> None:
        """Tell the distributed objects that clients have announced."""
        request.reply([(service_name, name) for name, service_name in sorted(self.cluster.proxies)])

    def send_schema(self, request: Request) -> None:
        """Keep a schema; every member has it at once."""
        self._keep(request["schema"])
        request.reply([member.uuid for member in self.cluster.members])

    def fetch_schema(self, request: Request) -> None:
        """Return a schema, null if it is unknown."""
        request.reply(self.cluster.schemas.get(request["schemaId"]))

    def send_all_schemas(self, request: Request) -> None:
        """Keep several schemas."""
        for schema in request["schemas"]:
            self._keep(schema)
        request.reply()

    def _keep(self, schema: tuple[str, list[Any]]) -> None:
        type_name, fields = schema
        self.cluster.schemas[schema_id(type_name, fields)] = (type_name, fields)
