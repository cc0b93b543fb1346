"""A task for executors: its Java class, which the member needs, and the Python object that names it."""

import importlib
import subprocess
from pathlib import Path
from typing import Any, Final

FACTORY_ID: Final = 901
FACTORIES: Final = {"data-serializable-factories": [{"factory-id": FACTORY_ID, "class-name": "EchoFactory"}]}
"""The member's configuration of serialization, beside the folder of the classes on its class path."""

_SOURCE: Final = """
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.concurrent.Callable;

public class EchoFactory implements DataSerializableFactory {
    public IdentifiedDataSerializable create(int classId) {
        return new Echo();
    }

    public static class Echo implements IdentifiedDataSerializable, Callable<String> {
        private String text;

        public String call() {
            return text;
        }

        public int getFactoryId() {
            return FACTORY_ID;
        }

        public int getClassId() {
            return 1;
        }

        public void writeData(ObjectDataOutput out) throws java.io.IOException {
            out.writeString(text);
        }

        public void readData(ObjectDataInput in) throws java.io.IOException {
            text = in.readString();
        }
    }
}
"""


def compile_classes(folder: Path, version: str) -> bool:
    """Write the classes to ``folder``; return False if the Java of this machine has no compiler."""
    from hz_embedded import Cluster

    source = folder / "EchoFactory.java"
    source.write_text(_SOURCE.replace("FACTORY_ID", str(FACTORY_ID)))
    with Cluster(members=1, version=version) as cluster:
        compiler = Path(cluster.jvm.java.lang.System.getProperty("java.home"), "bin", "javac")
        config = cluster.jvm.java_class("com.hazelcast.config.Config")
        jar = config.getProtectionDomain().getCodeSource().getLocation().getPath()
    if not compiler.exists():
        return False
    subprocess.run([compiler, "-d", folder, "-cp", jar, "-proc:none", source], check=True, timeout=60)
    return True


def make_task(text: str) -> Any:
    """Return the task, an object of whichever client's class is imported as ``hazelcast``."""
    base: Any = importlib.import_module("hazelcast.serialization.api").IdentifiedDataSerializable

    class Echo(base):  # type: ignore[misc]  # the base class is known at run time only
        def get_factory_id(self) -> int:
            return FACTORY_ID

        def get_class_id(self) -> int:
            return 1

        def write_data(self, object_data_output: Any) -> None:
            object_data_output.write_string(text)

        def read_data(self, object_data_input: Any) -> None:
            raise NotImplementedError("a task is only sent")

    return Echo()
