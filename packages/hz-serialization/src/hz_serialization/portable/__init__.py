"""The Portable format: objects whose fields carry their names and types."""
