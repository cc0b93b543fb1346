"""SQL over a map: mappings, queries, a stream, and the database API of Python."""

from hazelcast import HazelcastClient, db
from hazelcast.sql import BlockingSqlResult
from hz_embedded import Cluster
from tour import airports
from tour.screen import heading, remark, stopwatch, table

MAPPING = """
    CREATE OR REPLACE MAPPING airports (
        __key VARCHAR, name VARCHAR, city VARCHAR, state VARCHAR, latitude DOUBLE, longitude DOUBLE
    ) TYPE IMap OPTIONS ('keyFormat' = 'varchar', 'valueFormat' = 'json-flat')"""

QUERIES = {
    "The northernmost airports": "SELECT __key, name, state, latitude FROM airports ORDER BY latitude DESC LIMIT 3",
    "States with the most airports": (
        "SELECT state, COUNT(*) AS airports, AVG(latitude) AS latitude FROM airports "
        "GROUP BY state HAVING COUNT(*) > 100 ORDER BY airports DESC LIMIT 5"
    ),
}


def run() -> None:
    """Start a member with SQL, and ask it."""
    data = airports.read()
    heading("A member with SQL")
    with (
        Cluster(members=1, sql=True) as cluster,
        HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        client.get_map("airports").blocking().put_all(data)
        remark(f"Loaded {len(data):,} airports as JSON.")
        sql = client.sql.blocking()
        sql.execute(MAPPING)
        heading("Queries")
        for title, query in QUERIES.items():
            _show(title, sql.execute(query))
        heading("A parameter, and a change")
        sql.execute("INSERT INTO airports VALUES ('X99', 'Demo Field', 'Demo', 'XX', 0.0, 0.0)")
        _show("Where state = ?", sql.execute("SELECT __key, name FROM airports WHERE state = ?", "XX"))
        heading("A stream without an end")
        with (
            stopwatch() as watch,
            sql.execute("SELECT v FROM TABLE(generate_stream(20)) WHERE v < 1000") as stream,
        ):
            numbers = [row["v"] for row, _ in zip(stream, range(5), strict=False)]
        remark(f"The first five of a stream: {numbers}, after {watch.seconds:.1f} s; then it was closed.")
        heading("The database API of Python")
        with db.connect(client=client) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT COUNT(*) FROM airports WHERE latitude > ?", [60.0])
            ((count,),) = cursor.fetchall()
            remark(f"Airports beyond 60 degrees north: {count}")


def _show(title: str, result: BlockingSqlResult) -> None:
    """Print the rows of a result."""
    with result as rows:
        columns = [column.name for column in rows.metadata.columns]
        table(
            title,
            columns,
            [[f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row] for row in rows],
        )
